// Columns of few distinct values: the values, and which of them each is. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "historian/integers.h"

namespace myriad::historian {

// The distinct integers of a column; none when they are too many, or too dense, to be worth it.
class Dictionary {
 public:
  Dictionary() = default;
  explicit Dictionary(std::span<const std::uint64_t> values);

  bool empty() const { return words_.empty(); }
  const std::vector<std::uint64_t>& words() const { return words_; }  // ascending as signed
  std::vector<std::uint64_t> places(std::span<const std::uint64_t> values);

 private:
  static constexpr std::uint32_t absent = UINT32_MAX;
  struct Slot {
    std::uint64_t word;
    std::uint32_t place;
  };

  bool collect(std::span<const std::uint64_t> values);
  Slot& find(std::uint64_t word);  // where the word is or belongs

  std::vector<Slot> table_;
  std::vector<std::uint64_t> words_;
};

template <class PutWords>
void put_by_dictionary(Packer& out, std::span<const std::uint64_t> places, std::size_t words, PutWords&& put_words) {
  out.varint(words);
  put_words();
  put_integers(out, places, false);
}

template <class GetWords>
void get_by_dictionary(Unpacker& in, std::span<std::uint64_t> out, GetWords&& get_words) {
  const std::uint64_t size = in.varint();
  if (!in.ok() || size == 0 || size > out.size()) return in.fail();
  std::vector<std::uint64_t> words(size);
  get_words(words);
  get_integers(in, out, false);
  if (!in.ok()) return;
  for (auto& v : out) {
    if (v >= size) return in.fail();
    v = words[v];
  }
}

}  // namespace myriad::historian
