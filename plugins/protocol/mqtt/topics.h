// Topic filters, what their wildcards match, and names made from that. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt {

// A name with {N} for what the N-th wildcard of a topic filter matched, counted from 1 at the left; a final '#' counts
// as one and stands for the rest of the topic, slashes included. Other braces are text.
class Template {
 public:
  Template() = default;
  explicit Template(std::string text);
  const std::string& text() const { return text_; }
  int highest() const { return highest_; }  // the largest N; 0 when there is none
  std::string fill(const std::vector<std::string_view>& captures) const;

 private:
  struct Piece {
    std::string text;
    int capture;  // 0: `text` itself
  };
  std::string text_;
  std::vector<Piece> pieces_;
  int highest_ = 0;
};

// '+' and '#' levels; the "$share/<group>/" in front of a shared subscription has none.
int count_wildcards(std::string_view filter);

// What each wildcard matched; nothing when the topic does not match. Views into `topic`.
std::optional<std::vector<std::string_view>> match(const std::string& filter, const std::string& topic);

// Every character that a slug may not hold becomes '_' (one per UTF-8 character). Throws myriad::Failure when the
// result is empty or longer than 128 bytes.
std::string slug(std::string_view name);

// "site/{thing}/{property}" with both filled in.
std::string fill_topic(std::string_view topic, std::string_view thing, std::string_view property);

// Does "<thing>/<property>" match a pattern of inputs/1? `*` matches any run within a name, "*" alone everything.
bool matches_pattern(std::string_view pattern, std::string_view point);

}  // namespace mqtt
