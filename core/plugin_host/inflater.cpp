#include "plugin_host/inflater.h"

#include <zstd.h>

namespace myriad::plugin_host {
namespace {

constexpr int window_log_max = 23;
constexpr std::uint32_t frame_magic = ZSTD_MAGICNUMBER;

// A skippable frame before the data would be neither data nor signature.
bool begins_frame(std::string_view bytes) {
  if (bytes.size() < sizeof frame_magic) return false;
  std::uint32_t magic = 0;
  for (std::size_t i = 0; i < sizeof magic; ++i) magic |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  return magic == frame_magic;
}

}  // namespace

struct Inflater::Context {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> zstd{ZSTD_createDCtx(), ZSTD_freeDCtx};
};

Inflater::Inflater(std::string_view bytes, std::uint64_t most)
    : context_(std::make_unique<Context>()), bytes_(bytes), most_(most), piece_(ZSTD_DStreamOutSize(), '\0') {
  ZSTD_DCtx_setParameter(context_->zstd.get(), ZSTD_d_windowLogMax, window_log_max);
}

Inflater::~Inflater() = default;

Result<std::string_view> Inflater::next() {
  if (consumed_ == 0 && !begins_frame(bytes_))
    return Error{Code::invalid,
                 "this is no package: it does not begin as zstd data does; make one with 'myriad plugin pack'"};
  if (ended_) return std::string_view();
  ZSTD_outBuffer out{piece_.data(), piece_.size(), 0};
  ZSTD_inBuffer in{bytes_.data(), bytes_.size(), consumed_};
  const std::size_t hint = ZSTD_decompressStream(context_->zstd.get(), &out, &in);
  if (ZSTD_isError(hint))
    return Error{Code::invalid, std::string("its zstd data are broken (") + ZSTD_getErrorName(hint) +
                                    "): fetch it again, or pack it again without --long or --ultra"};
  consumed_ = in.pos;
  produced_ += out.pos;
  ended_ = hint == 0;
  if (produced_ > most_)
    return Error{Code::too_large,
                 "it unpacks to more than " + std::to_string(most_ >> 20) + " MiB: leave out what is large"};
  if (!ended_ && out.pos == 0 && in.pos == in.size)
    return Error{Code::invalid, "it ends in the middle: fetch it again"};
  return std::string_view(piece_.data(), out.pos);
}

}  // namespace myriad::plugin_host
