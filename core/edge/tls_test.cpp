#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>

#include "base/temp_dir.h"
#include "edge/test_server.h"

namespace myriad::edge {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::ip::tcp;

// A key and a certificate for it, good for an hour.
void make_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  EVP_PKEY* const pair = EVP_EC_gen("P-256");
  X509* const x = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), 0);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, pair);
  X509_sign(x, pair, EVP_sha256());
  std::FILE* file = std::fopen(certificate.c_str(), "w");
  PEM_write_X509(file, x);
  std::fclose(file);
  file = std::fopen(key.c_str(), "w");
  PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(x);
  EVP_PKEY_free(pair);
}

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, asio::ssl::context::method method = asio::ssl::context::tls_client)
      : context_(method), stream_(io_, context_) {
    if (method == asio::ssl::context::tlsv11_client) SSL_set_security_level(stream_.native_handle(), 0);
    stream_.next_layer().connect({asio::ip::address_v4::loopback(), port});
    stream_.handshake(asio::ssl::stream_base::client, error_);
  }
  bool is_open() const { return !error_; }
  void send(std::string_view bytes) { asio::write(stream_, asio::buffer(bytes), error_); }
  std::string read_until(std::string_view text) {
    std::string got;
    for (std::size_t from = 0; got.find(text, from) == std::string::npos && !error_;) {
      from = got.size() - std::min(got.size(), text.size());
      char some[16384];
      got.append(some, stream_.read_some(asio::buffer(some), error_));
    }
    return got;
  }

 private:
  asio::io_context io_;
  asio::ssl::context context_;
  asio::ssl::stream<tcp::socket> stream_;
  boost::system::error_code error_;
};

class EdgeTls : public ServerTest {
 protected:
  void SetUp() override {
    make_certificate(dir_ / "c.pem", dir_ / "k.pem");
    options_.certificate = dir_ / "c.pem";
    options_.key = dir_ / "k.pem";
    options_.limits.head_deadline = 300ms;
  }
  void expect_tls(const std::string& after) {
    TlsClient c(server_->port());
    c.send(get("/peer"));
    EXPECT_NE(c.read_until(" tls").find("127.0.0.1:"), std::string::npos) << after;
  }

  TempDir dir_;
  Options options_;
};

TEST_F(EdgeTls, AnswersAndKeepsTheConnection) {
  start(options_);
  TlsClient c(server_->port());
  for (int i = 0; i < 3; ++i) {
    c.send(post("Content-Length: 5\r\n", "hello"));
    EXPECT_NE(c.read_until("hello").find("POST /echo hello"), std::string::npos);
  }
  EXPECT_EQ(server_->stats().connections, 1u);
}

TEST_F(EdgeTls, SendsLongAnswersAndStreamsWhole) {
  start(options_);
  TlsClient c(server_->port());
  c.send(get("/stream/3000000"));
  EXPECT_GT(c.read_until("\r\n0\r\n\r\n").size(), 3'000'000u);
  c.send(get("/big", "Connection: close\r\n"));
  EXPECT_GT(c.read_until("never").size(), std::size_t{32} << 20);
}

TEST_F(EdgeTls, FreesAStreamWhenTheClientLeaves) {
  start(options_);
  {
    TlsClient c(server_->port());
    c.send(get("/ticks"));
    c.read_until("tick");
    handler_.tick();
    c.read_until("tick");
  }
  EXPECT_TRUE(handler_.wait_for_sources(0));
}

TEST_F(EdgeTls, TellsAPlainClientWhatThisPortSpeaks) {
  start(options_);
  auto plain = client();
  plain.send(get("/"));
  const auto all = plain.read_all();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ")) << all;
  EXPECT_NE(all.find("https://"), std::string::npos) << all;
  expect_tls("a plain client");
}

TEST_F(EdgeTls, OutlivesGarbageAndSilence) {
  start(options_);
  auto garbage = client(), silent = client(), partial = client();
  garbage.send(std::string(1000, '\x80'));
  partial.send("\x16\x03\x01\x02");
  garbage.read_all();
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(partial.read_all(), "");
  expect_tls("garbage and silence");
}

TEST_F(EdgeTls, RefusesOldVersions) {
  start(options_);
  EXPECT_FALSE(TlsClient(server_->port(), asio::ssl::context::tlsv11_client).is_open());
  EXPECT_TRUE(TlsClient(server_->port(), asio::ssl::context::tlsv12_client).is_open());
}

TEST_F(EdgeTls, NamesTheFileItCannotUse) {
  std::ofstream(dir_ / "broken.pem") << "no certificate";
  make_certificate(dir_ / "other.pem", dir_ / "other_key.pem");
  const auto error_with = [&](const std::string& certificate, const std::string& key) {
    options_.certificate = dir_ / certificate;
    options_.key = dir_ / key;
    const auto started = Server::start(options_, handler_, Log::none());
    return started ? "started" : started.error().message;
  };
  EXPECT_NE(error_with("missing.pem", "k.pem").find("missing.pem"), std::string::npos);
  EXPECT_NE(error_with("broken.pem", "k.pem").find("broken.pem"), std::string::npos);
  EXPECT_NE(error_with("c.pem", "other_key.pem").find("other_key.pem"), std::string::npos);
  options_.key.reset();
  EXPECT_FALSE(Server::start(options_, handler_, Log::none()));
}

TEST_F(EdgeTls, StopsAmidConnections) {
  start(options_);
  TlsClient idle(server_->port()), streaming(server_->port());
  auto silent = client();
  streaming.send(get("/ticks"));
  streaming.read_until("tick");
  server_->stop(5s);
  EXPECT_EQ(server_->stats().open, 0u);
}

}  // namespace
}  // namespace myriad::edge
