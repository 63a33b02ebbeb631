#include "api/page.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace myriad::api {

std::string encode_cursor(std::string_view plain) {
  std::string out((plain.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
  out.resize(static_cast<std::size_t>(size));
  while (!out.empty() && out.back() == '=') out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

std::optional<std::string> decode_cursor(std::string_view text) {
  if (text.empty() || text.size() > 1'024 || text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  const std::size_t padding = (4 - padded.size() % 4) % 4;
  padded.append(padding, '=');
  std::string out(padded.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
  if (size < 0 || padding > 2) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

Result<PageQuery> page_query(const Call& call, std::size_t usual, std::size_t most) {
  PageQuery page{usual, ""};
  if (const auto limit = call.query("limit")) {
    const auto [end, fault] = std::from_chars(limit->data(), limit->data() + limit->size(), page.limit);
    if (fault != std::errc{} || end != limit->data() + limit->size() || page.limit < 1 || page.limit > most)
      return Error{Code::invalid,
                   "limit '" + std::string(limit->substr(0, 40)) + "': use a number from 1 to " + std::to_string(most),
                   "limit"};
  }
  if (const auto cursor = call.query("cursor")) {
    auto after = decode_cursor(*cursor);
    if (!after) return Error{Code::invalid, "the cursor is none of ours: use `next` of the page before", "cursor"};
    page.after = std::move(*after);
  }
  return page;
}

std::string next_link(const Call& call, std::string_view cursor) {
  std::string link = "<" + std::string(call.path) + "?";
  for (const auto& [name, value] : call.params)
    if (name != "cursor") link += percent_encode(name) + '=' + percent_encode(value) + '&';
  return link + "cursor=" + std::string(cursor) + ">; rel=\"next\"";
}

Reply page_reply(const Call& call, nlohmann::json items, std::string_view next) {
  nlohmann::json body{{"items", std::move(items)}, {"next", nullptr}};
  if (next.empty()) return json_reply(body);
  const std::string cursor = encode_cursor(next);
  body["next"] = cursor;
  Reply reply = json_reply(body);
  reply.fields.emplace_back("Link", next_link(call, cursor));
  return reply;
}

Reply slice_reply(const Call& call, const PageQuery& page, nlohmann::json items) {
  std::size_t first = 0;
  std::from_chars(page.after.data(), page.after.data() + page.after.size(), first);
  first = std::min(first, items.size());
  const std::size_t last = std::min(items.size(), first + page.limit);
  auto part = nlohmann::json::array();
  for (std::size_t i = first; i < last; ++i) part.push_back(std::move(items[i]));
  return page_reply(call, std::move(part), last < items.size() ? std::to_string(last) : "");
}

}  // namespace myriad::api
