#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/temp_dir.h"
#include "security/security.h"

namespace myriad::security {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Certificate, IsMadeOnceForThisHost) {
  const TempDir dir;
  const auto files = ensure_certificate(dir / "tls", Log::none());
  ASSERT_TRUE(files) << files.error().message;
  struct stat about {};
  ASSERT_EQ(::stat(files->key.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);

  std::FILE* in = std::fopen(files->certificate.c_str(), "r");
  X509* const x = PEM_read_X509(in, nullptr, nullptr, nullptr);
  std::fclose(in);
  ASSERT_TRUE(x);
  EXPECT_EQ(X509_check_host(x, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(x, "::1", 0), 1);
  EXPECT_EQ(X509_check_host(x, "example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_verify(x, X509_get0_pubkey(x)), 1);
  X509_free(x);

  const auto before = text_of(files->certificate);
  ASSERT_TRUE(ensure_certificate(dir / "tls", Log::none()));
  EXPECT_EQ(text_of(files->certificate), before);
}

TEST(Certificate, NamesWhatItCannotUse) {
  const TempDir dir;
  const auto ours = *ensure_certificate(dir / "a", Log::none()), other = *ensure_certificate(dir / "b", Log::none());
  const auto error = [&] {
    const auto files = ensure_certificate(dir / "a", Log::none());
    return files ? "usable" : files.error().message;
  };
  const auto certificate = text_of(ours.certificate), key = text_of(ours.key);
  const auto write = [](const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; };

  write(ours.key, text_of(other.key));
  EXPECT_NE(error().find("is not the key of"), std::string::npos) << error();
  write(ours.key, "broken");
  EXPECT_NE(error().find("key.pem holds no private key"), std::string::npos) << error();
  write(ours.key, key);
  ::chmod(ours.key.c_str(), 0644);
  EXPECT_NE(error().find("chmod 600"), std::string::npos) << error();
  ::chmod(ours.key.c_str(), 0600);
  write(ours.certificate, "broken");
  EXPECT_NE(error().find("certificate.pem holds no certificate"), std::string::npos) << error();
  std::filesystem::remove(ours.certificate);
  EXPECT_NE(error().find("certificate.pem is missing"), std::string::npos) << error();
  write(ours.certificate, certificate);
  EXPECT_EQ(error(), "usable");
}

}  // namespace
}  // namespace myriad::security
