#include "edge/head.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace myriad::edge {
namespace {

// RFC 9110, section 5.6.2.
constexpr std::array<bool, 256> make_token_chars() {
  std::array<bool, 256> chars{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    chars[static_cast<unsigned char>(c)] = true;
  return chars;
}
constexpr auto token_chars = make_token_chars();

bool is_token_char(char c) {
  return token_chars[static_cast<unsigned char>(c)];
}
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_field_char(char c) {
  const auto u = static_cast<unsigned char>(c);
  return c == '\t' || (u >= 0x20 && u != 0x7f);
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What the client sent, fit for a message.
std::string shown(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 40)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out + (text.size() > 40 ? "…'" : "'");
}

Refusal bad(std::string reason) {
  return {400, std::move(reason)};
}

// Cuts the first line off `text`, without its CRLF.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find("\r\n");
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

// Cuts the first of comma-separated words off `list`.
std::string_view take_word(std::string_view& list) {
  const auto comma = list.find(',');
  const auto word = trim(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return word;
}

std::optional<Refusal> check_target(std::string_view method, std::string_view target) {
  if (target.size() > target_limit)
    return Refusal{414, "the target has " + std::to_string(target.size()) + " bytes: at most " +
                            std::to_string(target_limit) + " are taken"};
  if (target == "*" && method == "OPTIONS") return {};
  if (target.empty() || target.front() != '/')
    return bad("target " + shown(target) + ": write it in origin form, as /path?query");
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c <= 0x20 || c >= 0x7f || c == '#')
      return bad("target " + shown(target) + ": percent-encode byte " + std::to_string(i));
    if (c == '%' && (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2])))
      return bad("target " + shown(target) + ": two hexadecimal digits follow a %");
  }
  return {};
}

std::optional<Refusal> check_version(std::string_view version, RequestHead& out) {
  const bool shaped = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                      version[6] == '.' && is_digit(version[7]);
  if (!shaped) return bad("version " + shown(version) + ": a request line is METHOD SP target SP HTTP/1.1");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refusal{505, "speak HTTP/1.1, not " + shown(version)};
  out.http_1_0 = version == "HTTP/1.0";
  out.close = out.http_1_0;
  return {};
}

std::optional<Refusal> take_request_line(std::string_view line, RequestHead& out) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return bad("request line " + shown(line) + ": it is METHOD SP target SP HTTP/1.1");
  out.head.method = line.substr(0, first);
  out.head.target = line.substr(first + 1, last - first - 1);
  if (!is_token(out.head.method)) return bad("method " + shown(out.head.method) + " is no token");
  if (auto refused = check_version(line.substr(last + 1), out)) return refused;
  return check_target(out.head.method, out.head.target);
}

// What the fields said that decide where the request ends and whose it is.
struct Framing {
  unsigned hosts = 0, lengths = 0, codings = 0, fields = 0;
};

std::optional<Refusal> take_length(std::string_view value, RequestHead& out) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out.content_length);
  if (error == std::errc::result_out_of_range)
    return Refusal{413, "Content-Length " + shown(value) + " is more than anything may have"};
  if (error != std::errc() || end != value.data() + value.size())
    return bad("Content-Length " + shown(value) + ": write the number of bytes in digits");
  return {};
}

// uri-host [":" port], RFC 9110, section 7.2: no user, no path, no list.
std::optional<Refusal> check_host(std::string_view value) {
  const auto wrong = [](char c) {
    return !(is_token_char(c) || c == ':' || c == '[' || c == ']') || c == '#' || c == '|' || c == '^' || c == '`';
  };
  if (value.empty() || std::any_of(value.begin(), value.end(), wrong))
    return bad("Host " + shown(value) + ": write it as host:port");
  return {};
}

void take_connection(std::string_view value, RequestHead& out) {
  while (!value.empty())
    if (same_word(take_word(value), "close")) out.close = true;
}

std::optional<Refusal> take_known(std::string_view name, std::string_view value, RequestHead& out, Framing& framing) {
  if (same_word(name, "Host")) {
    ++framing.hosts;
    return check_host(value);
  }
  if (same_word(name, "Content-Length")) {
    ++framing.lengths;
    return take_length(value, out);
  }
  if (same_word(name, "Transfer-Encoding")) {
    ++framing.codings;
    out.chunked = same_word(value, "chunked");
    if (!out.chunked) return Refusal{501, "Transfer-Encoding " + shown(value) + ": only chunked is known"};
  }
  if (same_word(name, "Connection")) take_connection(value, out);
  if (same_word(name, "Expect") && !out.http_1_0) {
    out.expects_continue = same_word(value, "100-continue");
    if (!out.expects_continue) return Refusal{417, "Expect " + shown(value) + ": only 100-continue is known"};
  }
  return {};
}

std::optional<Refusal> take_field(std::string_view line, RequestHead& out, Framing& framing) {
  if (++framing.fields > field_limit)
    return Refusal{431, "more than " + std::to_string(field_limit) + " fields in the head"};
  if (line.front() == ' ' || line.front() == '\t') return bad("a folded field line: write each field on one line");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return bad("field line " + shown(line) + " has no colon");
  const auto name = line.substr(0, colon);
  if (!is_token(name)) return bad("field name " + shown(name) + " is no token");
  const auto value = trim(line.substr(colon + 1));
  if (!std::all_of(value.begin(), value.end(), is_field_char))
    return bad("field " + shown(name) + " holds a control character");
  return take_known(name, value, out, framing);
}

// RFC 9112, sections 3.2 and 6.3.
std::optional<Refusal> check_framing(const RequestHead& out, const Framing& framing) {
  if (framing.hosts > 1) return bad("Host is given " + std::to_string(framing.hosts) + " times: give it once");
  if (framing.hosts == 0 && !out.http_1_0) return bad("Host is missing: HTTP/1.1 needs it");
  if (framing.lengths > 1) return bad("Content-Length is given more than once: give it once");
  if (framing.codings > 1) return bad("Transfer-Encoding is given more than once: give it once");
  if (framing.lengths && framing.codings) return bad("Content-Length with Transfer-Encoding: give one of them");
  if (framing.codings && out.http_1_0) return bad("HTTP/1.0 has no Transfer-Encoding: give Content-Length");
  return {};
}

Refusal too_long(std::string_view bytes, std::size_t limit) {
  if (bytes.substr(0, limit).find('\n') == std::string_view::npos)
    return {414, "the request line does not end within " + std::to_string(limit) + " bytes"};
  return {431, "the head does not end within " + std::to_string(limit) + " bytes"};
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

HeadEnd find_head(std::string_view bytes, std::size_t seen, std::size_t limit) {
  if (!bytes.empty() && bytes.front() == 0x16)
    return {0, bad("this looks like TLS, and this port speaks plain HTTP: use http://")};
  if (!bytes.empty() && !is_token_char(bytes.front())) return {0, bad("this does not begin with a method")};
  for (auto at = bytes.find('\n', seen); at != std::string_view::npos && at < limit; at = bytes.find('\n', at + 1)) {
    if (at == 0 || bytes[at - 1] != '\r') return {0, bad("a line feed without a carriage return: end lines with CRLF")};
    if (at >= 3 && bytes[at - 2] == '\n') return {at + 1, {}};
  }
  if (bytes.size() >= limit) return {0, too_long(bytes, limit)};
  return {};
}

std::variant<RequestHead, Refusal> parse_head(std::string_view text) {
  RequestHead out;
  Framing framing;
  std::string_view rest = text;
  out.head.text = text;
  if (auto refused = take_request_line(take_line(rest), out)) return *refused;
  for (auto line = take_line(rest); !line.empty(); line = take_line(rest))
    if (auto refused = take_field(line, out, framing)) return *refused;
  if (auto refused = check_framing(out, framing)) return *refused;
  return out;
}

std::string plain_head(std::string_view text, std::size_t content_length) {
  std::string out;
  out.reserve(text.size() + 32);
  out.append(take_line(text)).append("\r\n");
  for (auto line = take_line(text); !line.empty(); line = take_line(text)) {
    const auto name = line.substr(0, line.find(':'));
    const bool dealt_with = same_word(name, "Expect") || same_word(name, "Transfer-Encoding") ||
                            same_word(name, "Trailer") || same_word(name, "Content-Length");
    if (!dealt_with) out.append(line).append("\r\n");
  }
  return out.append("Content-Length: ").append(std::to_string(content_length)).append("\r\n\r\n");
}

std::optional<std::string_view> Head::field(std::string_view name) const {
  std::string_view rest = text;
  take_line(rest);
  for (auto line = take_line(rest); !line.empty(); line = take_line(rest)) {
    const auto colon = line.find(':');
    if (same_word(line.substr(0, colon), name)) return trim(line.substr(colon + 1));
  }
  return std::nullopt;
}

}  // namespace myriad::edge
