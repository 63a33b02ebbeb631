#include "security/security.h"

#include <atomic>
#include <future>
#include <map>
#include <mutex>

#include "security/accounts.h"
#include "security/password.h"
#include "security/private_file.h"
#include "security/throttle.h"
#include "security/token.h"

namespace myriad::security {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr Nanos second = 1'000'000'000;
constexpr std::size_t key_size = 32, id_size = 16, name_max = 128;
constexpr unsigned hashing_at_once = 3;  // one works, two wait: the threads that serve others are few

// A stranger can hold a name's throttle for as long as the name's cap, so that one is short.
constexpr seconds name_cap{30}, peer_cap{300};

// "127.0.0.1:51234" → "127.0.0.1", since each connection has another port.
std::string address_of(std::string_view peer) {
  const auto colon = peer.rfind(':');
  const bool has_port = peer.starts_with('[') ? peer.rfind(']') + 1 == colon : peer.find(':') == colon;
  return std::string(peer.substr(0, has_port ? colon : std::string_view::npos));
}

std::string lost_text(const std::filesystem::path& aside) {
  return "the accounts were lost with the damaged " + aside.filename().string() +
         ": restore security.db from a backup; or, to begin with a new administrator, move that file out of the data "
         "directory and start again";
}

Error wait_error(seconds wait) {
  const std::string s = std::to_string(wait.count());
  return {Code::again, "too many attempts: try again in " + s + " s", s};
}

Result<std::string> load_key(const std::filesystem::path& folder) {
  const auto file = folder / "token.key";
  if (!std::filesystem::exists(file)) {
    if (auto written = write_private(file, random_bytes(key_size)); !written) return written.error();
  }
  auto key = read_private(file);
  if (key && key->size() != key_size)
    return Error{Code::invalid, file.string() + " has " + std::to_string(key->size()) + " bytes instead of " +
                                    std::to_string(key_size) + ": delete it, and everyone signs in anew"};
  return key;
}

class LocalSecurity final : public Security {
 public:
  LocalSecurity(Options options, std::unique_ptr<Accounts> accounts, std::string key, const Clock& clock, Log log)
      : options_(std::move(options)),
        accounts_(std::move(accounts)),
        tokens_(std::move(key)),
        clock_(clock),
        log_(std::move(log)),
        nobody_{options_.scrypt_log2_n, random_bytes(16), random_bytes(32)} {}

  Result<std::optional<std::string>> ensure_admin(std::optional<std::string> password) override;
  Result<Session> sign_in(std::string_view name, std::string_view password, std::string_view peer) override;
  Result<Identity> verify(std::string_view token) const override;
  void sign_out(std::string_view token) override;
  Status change_password(std::string_view name, std::string_view current, std::string_view fresh) override;
  void audit(std::string_view who, std::string_view what, std::string_view origin) override;

 private:
  struct Known {
    Claims claims;
    Account account;
  };
  Result<Known> know(std::string_view token) const;
  Identity identity(const Account& account, const Claims& claims) const;
  Session make_session(const Account& account) const;
  // The account, when the password is its own; throttled by name and, unless empty, by address.
  Result<Account> check(std::string_view name, std::string_view password, const std::string& address);
  Result<bool> hash_and_compare(std::string_view password, const Hash& hash);
  seconds wait(const std::string& name, const std::string& address);
  void count(const std::string& name, const std::string& address, bool right);
  Status make_admin(std::string_view password, bool must_change);

  const Options options_;
  const std::unique_ptr<Accounts> accounts_;
  const Tokens tokens_;
  const Clock& clock_;
  const Log log_;
  const Hash nobody_;  // an unknown name costs as much as a known one

  std::atomic<unsigned> hashing_{0};
  std::mutex hash_mutex_;     // held while scrypt has its 128 MB
  std::mutex change_mutex_;   // one change of a password at a time
  mutable std::mutex mutex_;  // guards all below
  Throttle names_{name_cap}, peers_{peer_cap};
  std::map<std::string, Nanos, std::less<>> revoked_;  // token id → when it would have expired
  std::shared_future<void> admin_made_;  // set before the doors open; last, since its work uses the others
};

Result<std::optional<std::string>> LocalSecurity::ensure_admin(std::optional<std::string> password) {
  if (!accounts_->empty()) return std::optional<std::string>();
  if (const auto lost = accounts_->lost(); !lost.empty()) {
    log_.error(lost_text(lost));
    return std::optional<std::string>();
  }
  if (password && password->empty())
    return Error{Code::invalid, "the first administrator's password is empty: give one, or none to have one made"};
  const bool made = !password;
  if (made) password = random_password();
  const bool weak = !check_password("admin", *password);
  if (weak) log_.warn("the given administrator's password is weak, and must be changed at the first sign in");
  // The doors open meanwhile: hashing takes longer than all the rest of a first start.
  admin_made_ = std::async(std::launch::async, [this, secret = *password, must_change = made || weak] {
    if (auto kept = make_admin(secret, must_change); !kept)
      log_.error("the first administrator was not made: " + kept.error().message);
  });
  return made ? password : std::optional<std::string>();
}

Status LocalSecurity::make_admin(std::string_view password, bool must_change) {
  const std::lock_guard hashing(hash_mutex_);
  try {
    const Account admin{"admin", "administrator", hash_password(password, options_.scrypt_log2_n), must_change, 1};
    if (auto put = accounts_->put(admin); !put) return put;
    audit(admin.name, "account made", "");
    return {};
  } catch (const std::exception& e) {
    return Error{Code::unavailable, e.what()};
  }
}

Result<Session> LocalSecurity::sign_in(std::string_view name, std::string_view password, std::string_view peer) {
  const auto account = check(name, password, address_of(peer));
  if (!account) {
    if (account.error().code == Code::denied) audit(accounts_->find(name) ? name : "", "sign in failed", peer);
    return account.error();
  }
  audit(account->name, "signed in", peer);
  return make_session(*account);
}

Result<Account> LocalSecurity::check(std::string_view name, std::string_view password, const std::string& address) {
  const std::string key(name.substr(0, name_max));
  if (const seconds left = wait(key, address); left > seconds(0)) return wait_error(left);
  if (accounts_->empty() && !admin_made_.valid()) return Error{Code::unavailable, lost_text(accounts_->lost())};
  if (admin_made_.valid()) admin_made_.wait();
  const auto account = accounts_->find(name);
  const auto same = hash_and_compare(password.substr(0, password_max + 1), account ? account->password : nobody_);
  if (!same) return same.error();
  const bool right = account && *same;
  count(key, address, right);
  if (!right) return Error{Code::denied, "the name or the password is wrong", "password"};
  return *account;
}

Result<bool> LocalSecurity::hash_and_compare(std::string_view password, const Hash& hash) {
  struct Place {
    std::atomic<unsigned>& taken;
    const bool got = taken.fetch_add(1) < hashing_at_once;
    ~Place() { --taken; }
  } const place{hashing_};
  if (!place.got) return wait_error(seconds(1));
  const std::lock_guard one_at_a_time(hash_mutex_);
  try {
    return is_password(password, hash);
  } catch (const std::exception& e) {
    return Error{Code::unavailable, e.what()};
  }
}

seconds LocalSecurity::wait(const std::string& name, const std::string& address) {
  const std::lock_guard lock(mutex_);
  const Nanos now = clock_.now();
  return std::max(names_.wait(name, now), address.empty() ? seconds(0) : peers_.wait(address, now));
}

void LocalSecurity::count(const std::string& name, const std::string& address, bool right) {
  const std::lock_guard lock(mutex_);
  if (right) {
    names_.succeeded(name);
    peers_.succeeded(address);
    return;
  }
  names_.failed(name, clock_.now());
  if (!address.empty()) peers_.failed(address, clock_.now());
}

Session LocalSecurity::make_session(const Account& account) const {
  const Nanos now = clock_.now() / second * second;
  const Claims claims{base64url(random_bytes(id_size)), account.name, now,
                      now + nanoseconds(options_.token_life).count(), account.generation};
  return {tokens_.sign(claims), identity(account, claims)};
}

Identity LocalSecurity::identity(const Account& account, const Claims& claims) const {
  return {account.name, account.role, account.must_change_password, claims.expires, tokens_.csrf(claims.id)};
}

Result<LocalSecurity::Known> LocalSecurity::know(std::string_view token) const {
  auto claims = tokens_.verify(token, clock_.now());
  if (!claims) return claims.error();
  auto account = accounts_->find(claims->name);
  if (!account || account->generation != claims->generation)
    return Error{Code::denied, "the password was changed since: sign in again"};
  const std::lock_guard lock(mutex_);
  if (revoked_.contains(claims->id)) return Error{Code::denied, "the session was ended: sign in again"};
  return Known{*std::move(claims), *std::move(account)};
}

Result<Identity> LocalSecurity::verify(std::string_view token) const {
  const auto known = know(token);
  if (!known) return known.error();
  return identity(known->account, known->claims);
}

void LocalSecurity::sign_out(std::string_view token) {
  const auto known = know(token);
  if (!known) return;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(revoked_, [now = clock_.now()](const auto& r) { return now >= r.second; });
    revoked_[known->claims.id] = known->claims.expires;
  }
  audit(known->account.name, "signed out", "");
}

Status LocalSecurity::change_password(std::string_view name, std::string_view current, std::string_view fresh) {
  if (auto good = check_password(name, fresh); !good) return good;
  if (current == fresh) return Error{Code::invalid, "the new password is the current one: choose another", "new"};
  const std::lock_guard one_at_a_time(change_mutex_);
  auto account = check(name, current, "");
  if (!account) {
    Error error = account.error();
    if (error.code == Code::denied) {
      audit(accounts_->find(name) ? name : "", "password change failed", "");
      error = {Code::denied, "the current password is wrong", "current"};
    }
    return error;
  }
  try {
    const std::lock_guard hashing(hash_mutex_);
    account->password = hash_password(fresh, options_.scrypt_log2_n);
  } catch (const std::exception& e) {
    return Error{Code::unavailable, e.what()};
  }
  account->must_change_password = false;
  ++account->generation;
  if (auto put = accounts_->put(*account); !put) return put;
  audit(name, "password changed", "");
  return {};
}

void LocalSecurity::audit(std::string_view who, std::string_view what, std::string_view origin) {
  if (const auto kept = accounts_->audit(clock_.now(), who, what, origin); !kept)
    log_.error("the audit trail misses '" + std::string(what) + "': " + kept.error().message);
}

}  // namespace

Result<std::unique_ptr<Security>> Security::open(Options options, const Clock& clock, Log log) {
  auto key = load_key(options.keys);
  if (!key) return key.error();
  auto accounts = Accounts::open(options.file, clock.now(), options.on_damage);
  if (!accounts) return accounts.error();
  return std::unique_ptr<Security>(std::make_unique<LocalSecurity>(std::move(options), *std::move(accounts),
                                                                   *std::move(key), clock, std::move(log)));
}

}  // namespace myriad::security
