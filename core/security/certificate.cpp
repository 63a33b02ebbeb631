#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "security/private_file.h"
#include "security/security.h"

namespace myriad::security {
namespace {

template <auto function>
struct Freed {
  template <class T>
  void operator()(T* it) const {
    function(it);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

constexpr long ten_years = 10L * 365 * 24 * 3600;

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  const std::string host = name.data();
  const auto odd = [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-');
  };
  return host.empty() || std::any_of(host.begin(), host.end(), odd) ? "localhost" : host;
}

bool extend(X509* certificate, int what, const std::string& value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// RFC 5280; names as RFC 6125 wants them, in the subjectAltName.
Certificate self_signed(EVP_PKEY* key) {
  Certificate x(X509_new());
  const std::string host = host_name();
  const std::string serial = random_bytes(8);
  std::uint64_t number = 0;
  for (const char c : serial) number = number << 8 | static_cast<unsigned char>(c);
  X509_set_version(x.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x.get()), number >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), -3600);  // a peer's clock may be behind
  X509_gmtime_adj(X509_getm_notAfter(x.get()), ten_years);
  X509_NAME* const name = X509_get_subject_name(x.get());
  const std::string common = host.substr(0, 64);  // ub-common-name
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(x.get(), name);
  X509_set_pubkey(x.get(), key);
  const std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1" + (host == "localhost" ? "" : ",DNS:" + host);
  const bool extended =
      extend(x.get(), NID_subject_alt_name, names) && extend(x.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      extend(x.get(), NID_key_usage, "critical,digitalSignature") && extend(x.get(), NID_ext_key_usage, "serverAuth");
  if (!extended || X509_sign(x.get(), key, EVP_sha256()) == 0) return nullptr;
  return x;
}

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Status make(const CertificateFiles& files) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = key ? self_signed(key.get()) : nullptr;
  const Bio key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  const bool done =
      certificate && PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1 &&
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (!done) return Error{Code::internal, "OpenSSL could not make a self-signed certificate"};
  if (auto written = write_private(files.key, text_of(key_text)); !written) return written;
  return write_private(files.certificate, text_of(certificate_text));
}

Error unusable(const std::filesystem::path& file, const std::string& why) {
  return {Code::invalid, file.string() + " " + why + "; mend it, or remove " + file.parent_path().string() +
                             " to have a self-signed certificate made"};
}

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Status check(const CertificateFiles& files) {
  const auto key_text = read_private(files.key);
  if (!key_text) return key_text.error();
  std::ifstream in(files.certificate, std::ios::binary);
  if (!in) return Error{Code::denied, "cannot read " + files.certificate.string() + ": let the daemon read it"};
  const std::string certificate_text(std::istreambuf_iterator<char>(in), {});
  const Certificate certificate(PEM_read_bio_X509(reader(certificate_text).get(), nullptr, nullptr, nullptr));
  if (!certificate) return unusable(files.certificate, "holds no certificate in PEM form");
  const Key key(PEM_read_bio_PrivateKey(reader(*key_text).get(), nullptr, nullptr, nullptr));
  if (!key) return unusable(files.key, "holds no private key in PEM form");
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return unusable(files.key, "is not the key of " + files.certificate.string());
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0)
    return unusable(files.certificate, "has expired");
  return {};
}

}  // namespace

Result<CertificateFiles> ensure_certificate(const std::filesystem::path& folder, Log log) {
  const CertificateFiles files{folder / "certificate.pem", folder / "key.pem"};
  const bool has_certificate = std::filesystem::exists(files.certificate), has_key = std::filesystem::exists(files.key);
  if (has_certificate != has_key)
    return unusable(has_key ? files.certificate : files.key, "is missing beside its other half");
  if (!has_certificate) {
    if (auto made = make(files); !made) return made.error();
    log.info("made a self-signed certificate for TLS: " + files.certificate.string());
  }
  if (auto good = check(files); !good) return good.error();
  return files;
}

}  // namespace myriad::security
