#include "plugin_host/package_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>

#include "plugin_host/inflater.h"

namespace myriad::plugin_host {
namespace {

using Reader = std::unique_ptr<::archive, decltype(&archive_read_free)>;
using Writer = std::unique_ptr<::archive, decltype(&archive_write_free)>;
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

Error refused(std::string_view name, const std::string& why) {
  return {Code::invalid, "entry '" + shown(name) + "' " + why};
}

// Feeds libarchive with what the zstd frame holds.
class Source {
 public:
  Source(std::string_view bytes, std::uint64_t most) : inflater_(bytes, most) {}

  static la_ssize_t read(::archive* archive, void* me, const void** buffer) {
    auto& self = *static_cast<Source*>(me);
    auto piece = self.inflater_.next();
    if (!piece) {
      self.failure_ = piece.error();
      archive_set_error(archive, EINVAL, "%s", piece.error().message.c_str());
      return ARCHIVE_FATAL;
    }
    if (!piece->empty()) self.piece_ = *piece;
    self.given_ += piece->size();
    *buffer = piece->data();
    return static_cast<la_ssize_t>(piece->size());
  }

  // libarchive stops at the tar's end mark; behind it only zeros may fill the last block. `taken`: bytes it consumed.
  Status finish(std::uint64_t taken) {
    const std::uint64_t left = given_ - taken;
    if (left > piece_.size()) return Error{Code::invalid, "its tar ends in the middle: fetch it again"};
    auto rest = piece_.substr(piece_.size() - static_cast<std::size_t>(left));
    for (;;) {
      if (rest.find_first_not_of('\0') != std::string_view::npos)
        return Error{Code::invalid, "something follows the end of its tar: pack it again with 'myriad plugin pack'"};
      auto piece = inflater_.next();
      if (!piece) return piece.error();
      if (piece->empty()) return {};
      rest = *piece;
    }
  }

  const std::optional<Error>& failure() const { return failure_; }
  std::size_t consumed() const { return inflater_.consumed(); }

 private:
  Inflater inflater_;
  std::string_view piece_;
  std::uint64_t given_ = 0;
  std::optional<Error> failure_;
};

const char* kind_name(archive_entry* entry) {
  if (archive_entry_hardlink(entry)) return "a hard link";
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return "";
    case AE_IFDIR:
      return "";
    case AE_IFLNK:
      return "a symbolic link";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    case AE_IFIFO:
      return "a FIFO";
    case AE_IFSOCK:
      return "a socket";
    default:
      return "no regular file";
  }
}

class Walk {
 public:
  Walk(std::string_view bytes, const PackageLimits& limits, ArchiveVisitor& visitor)
      // Beside its files a tar holds a header of 512 bytes for each, padding, and perhaps a longer name.
      : limits_(limits), source_(bytes, limits.unpacked + 4096 * limits.entries + 65'536), visitor_(visitor) {}

  Result<std::size_t> run() {
    archive_read_support_format_tar(reader_.get());
    if (archive_read_open(reader_.get(), &source_, nullptr, &Source::read, nullptr) != ARCHIVE_OK) return failed();
    archive_entry* entry = nullptr;
    for (std::size_t count = 0;; ++count) {
      const int answer = archive_read_next_header(reader_.get(), &entry);
      if (answer == ARCHIVE_EOF) break;
      if (answer != ARCHIVE_OK) return failed();
      if (count == limits_.entries)
        return Error{Code::too_large, "it holds more than " + std::to_string(limits_.entries) +
                                          " entries: leave out what the plugin does not need"};
      if (auto ok = take(entry); !ok) return ok.error();
    }
    if (auto ok = source_.finish(static_cast<std::uint64_t>(archive_filter_bytes(reader_.get(), 0))); !ok)
      return ok.error();
    return source_.consumed();
  }

 private:
  Status take(archive_entry* entry) {
    const char* given = archive_entry_pathname(entry);
    const std::string name = given ? given : "";
    const bool is_folder = archive_entry_filetype(entry) == AE_IFDIR && !archive_entry_hardlink(entry);
    const std::string kind = kind_name(entry);
    const auto place = place_of(name, is_folder);
    if (!kind.empty()) return refused(name, "is " + kind + ": put the file itself there");
    if (!place) return place.error();
    if (auto ok = seen_.add(name); !ok) return ok;
    if (is_folder) return {};
    if (auto ok = visitor_.begin(name, *place); !ok) return ok;
    if (auto ok = take_data(name, archive_entry_size(entry)); !ok) return ok;
    return visitor_.end();
  }

  Status take_data(const std::string& name, la_int64_t claimed) {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0, end = 0;
    for (;;) {
      const int answer = archive_read_data_block(reader_.get(), &data, &size, &offset);
      if (answer == ARCHIVE_EOF) break;
      if (answer != ARCHIVE_OK) return failed();
      if (offset != end) return refused(name, has_holes);
      end += static_cast<la_int64_t>(size);
      total_ += size;
      if (static_cast<std::uint64_t>(end) > limits_.file) return too_large("entry '" + name + "' is", limits_.file);
      if (total_ > limits_.unpacked) return too_large("its files are", limits_.unpacked);
      if (auto ok = visitor_.data({static_cast<const char*>(data), size}); !ok) return ok;
    }
    if (end != claimed) return refused(name, has_holes);
    return {};
  }

  static constexpr const char* has_holes =
      "has holes, or is not as long as its header says: pack it again with 'myriad plugin pack'";

  static Error too_large(const std::string& what, std::uint64_t limit) {
    return {Code::too_large, what + " larger than " + std::to_string(limit >> 20) + " MiB: make it smaller"};
  }

  Error failed() const {
    if (source_.failure()) return *source_.failure();
    const char* text = archive_error_string(reader_.get());
    return {Code::invalid, std::string("its tar is broken (") + (text ? text : "no reason given") +
                               "): pack it again with 'myriad plugin pack'"};
  }

  const PackageLimits limits_;
  Source source_;
  ArchiveVisitor& visitor_;
  NamesSeen seen_;
  std::uint64_t total_ = 0;
  Reader reader_{archive_read_new(), archive_read_free};  // the last: its end may still call the source
};

la_ssize_t append(::archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

bool write_file(::archive* writer, const std::string& name, const std::string& bytes) {
  const Entry entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  archive_entry_set_mtime(entry.get(), 0, 0);
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK) return false;
  return archive_write_data(writer, bytes.data(), bytes.size()) == static_cast<la_ssize_t>(bytes.size());
}

}  // namespace

Result<std::size_t> walk_archive(std::string_view bytes, const PackageLimits& limits, ArchiveVisitor& visitor) {
  return Walk(bytes, limits, visitor).run();
}

Result<std::string> write_archive(const std::map<std::string, std::string>& files) {
  const Writer writer(archive_write_new(), archive_write_free);
  std::string out;
  bool done = archive_write_set_format_ustar(writer.get()) == ARCHIVE_OK &&
              archive_write_add_filter_zstd(writer.get()) == ARCHIVE_OK &&
              archive_write_set_options(writer.get(), "zstd:compression-level=9") == ARCHIVE_OK &&
              archive_write_set_bytes_in_last_block(writer.get(), 1) == ARCHIVE_OK &&
              archive_write_open(writer.get(), &out, nullptr, &append, nullptr) == ARCHIVE_OK;
  for (const auto& [name, bytes] : files) done = done && write_file(writer.get(), name, bytes);
  if (done && archive_write_close(writer.get()) == ARCHIVE_OK) return out;
  const char* text = archive_error_string(writer.get());
  return Error{Code::internal, std::string("the package cannot be written: ") + (text ? text : "no reason given")};
}

}  // namespace myriad::plugin_host
