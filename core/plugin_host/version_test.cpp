#include "plugin_host/version.h"

#include <gtest/gtest.h>

#include <iterator>

namespace myriad::plugin_host {
namespace {

TEST(Version, ComparesAsSemanticVersions) {
  const char* ascending[] = {"0.9.9",        "1.0.0-alpha",   "1.0.0-alpha.1", "1.0.0-alpha.beta",
                             "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",    "1.0.0",
                             "1.0.10",       "1.2.0",         "10.0.0"};
  for (std::size_t i = 0; i < std::size(ascending); ++i)
    for (std::size_t k = 0; k < std::size(ascending); ++k)
      EXPECT_EQ(is_older(ascending[i], ascending[k]), i < k) << ascending[i] << " and " << ascending[k];
  EXPECT_FALSE(is_older("1.0.0+a", "1.0.0+b"));
}

}  // namespace
}  // namespace myriad::plugin_host
