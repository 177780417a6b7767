#include "edge/secret_service_store.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "edge/libsecret.h"
#include "edge/process.h"
#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

using app::KeyringAnswer;
using app::KeyringItem;
using app::KeyringState;

// design: every keyring call is bounded. A healthy one takes under 0.1 s.
constexpr std::chrono::seconds kCallLimit{2};
constexpr const char* kDefaultAlias = "default";
constexpr const char* kServicePath = "/org/freedesktop/secrets";
constexpr std::string_view kNoPath = "/";  // Secret Service API: there is no such collection
constexpr int kDefaultTimeout = -1;        // of GDBus: 25 s, past our own limit

const SecretSchema& Schema() {
  static const SecretSchema schema = {"grok-auth",
                                      SECRET_SCHEMA_NONE,
                                      {{"profile", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                       {"issuer", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                       {"client_id", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                       {"store_id", SECRET_SCHEMA_ATTRIBUTE_STRING},
                                       {nullptr, SECRET_SCHEMA_ATTRIBUTE_STRING}},
                                      0,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr,
                                      nullptr};
  return schema;
}

/// Whether there is a session bus to ask. Without this look GDBus would start one by dbus-launch.
bool HasSessionBus() {
  const char* address = std::getenv("DBUS_SESSION_BUS_ADDRESS");
  if (address != nullptr && *address != '\0') {
    return true;
  }
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  struct stat info {};
  return runtime != nullptr && stat((std::string(runtime) + "/bus").c_str(), &info) == 0;
}

/// The library in a callback of its own, which it is loaded in.
const Libsecret& Loaded() {
  std::string reason;
  return *LoadLibsecret(reason);
}

// A service may ask the person before it saves or deletes (KeePassXC does). libsecret would open
// that dialog, and a cancelled one never returns (libsecret 0.20.5). So dialogs are refused here;
// the unlocking child alone leaves them as they are.
void RefusePrompt(SecretService* service, SecretPrompt* /*prompt*/,
                  const GVariantType* /*return_type*/, GCancellable* /*cancellable*/,
                  GAsyncReadyCallback callback, gpointer user_data) {
  const Libsecret& s = Loaded();
  s.g_task_report_new_error(service, callback, user_data, nullptr, s.secret_error_get_quark(),
                            SECRET_ERROR_IS_LOCKED, "%s", "it wants to ask a person first");
}

GVariant* FinishRefusal(SecretService* /*service*/, GAsyncResult* result, GError** error) {
  return static_cast<GVariant*>(
      Loaded().g_task_propagate_pointer(reinterpret_cast<GTask*>(result), error));
}

void RefusePrompts(SecretService* service) {
  auto* type =
      reinterpret_cast<SecretServiceClass*>(reinterpret_cast<GTypeInstance*>(service)->g_class);
  type->prompt_async = &RefusePrompt;
  type->prompt_finish = &FinishRefusal;
}

/// One conversation with the keyring: its objects, its deadline, and what its errors mean.
class Conversation {
 public:
  explicit Conversation(const Libsecret& s)
      : s_(s), cancellable_(s.g_cancellable_new()), canceller_([this] { CancelAtDeadline(); }) {}
  ~Conversation() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      done_ = true;
    }
    changed_.notify_one();
    canceller_.join();
    if (error_ != nullptr) {
      s_.g_error_free(error_);
    }
    Unref(service_);
    Unref(collection_);
    s_.g_object_unref(cancellable_);
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Finds the service. The order of messages matters: gnome-keyring dies of a client that opens a
  /// session first, and libsecret asks for the service's properties before that.
  bool Connect() {
    service_ = s_.secret_service_get_sync(SECRET_SERVICE_NONE, cancellable_, &error_);
    if (service_ == nullptr) {
      return false;
    }
    RefusePrompts(service_);
    return true;
  }

  /// Looks at the default collection by its real path: KeePassXC does not export the alias's.
  /// Nothing when it is open; else what is in the way. Locked also stands for "there is none": a
  /// database that is not open, a keyring never made. These two calls take half as long as making
  /// libsecret's object for the collection, which knows all of its items.
  std::optional<KeyringAnswer> FindObstacle() {
    const Variant alias = Call(kServicePath, "org.freedesktop.Secret.Service", "ReadAlias",
                               s_.g_variant_new("(s)", kDefaultAlias), "(o)");
    if (!alias) {
      return Trouble();
    }
    const char* path = nullptr;
    s_.g_variant_get(alias.get(), "(&o)", &path);
    if (std::string_view(path) == kNoPath) {
      return KeyringAnswer{KeyringState::kLocked, "", ""};
    }
    const Variant reply =
        Call(path, "org.freedesktop.DBus.Properties", "Get",
             s_.g_variant_new("(ss)", "org.freedesktop.Secret.Collection", "Locked"), "(v)");
    if (!reply) {
      const bool has_gone = Is(s_.g_dbus_error_quark(), G_DBUS_ERROR_UNKNOWN_OBJECT);
      return has_gone ? KeyringAnswer{KeyringState::kLocked, "", ""} : Trouble();
    }
    GVariant* locked = nullptr;
    s_.g_variant_get(reply.get(), "(v)", &locked);
    const Variant owner = Own(locked);
    const bool is_open = s_.g_variant_is_of_type(locked, G_VARIANT_TYPE_BOOLEAN) != 0 &&
                         s_.g_variant_get_boolean(locked) == 0;
    return is_open ? std::nullopt : std::optional(KeyringAnswer{KeyringState::kLocked, "", ""});
  }

  /// What `use` says of the first item of the profile and store id, locked or not.
  KeyringAnswer ForFirstItem(const KeyringItem& item,
                             const std::function<KeyringAnswer(SecretItem*)>& use) {
    GHashTable* attributes =
        MakeAttributes({{"profile", &item.profile}, {"store_id", &item.store_id}});
    // Without a schema: one hides the items of a cold locked keyring.
    GList* items = s_.secret_service_search_sync(service_, nullptr, attributes, SECRET_SEARCH_ALL,
                                                 cancellable_, &error_);
    s_.g_hash_table_unref(attributes);
    if (error_ != nullptr) {
      return Trouble();
    }
    KeyringAnswer answer{KeyringState::kNothing, "", ""};
    if (items != nullptr) {
      answer = use(static_cast<SecretItem*>(items->data));
    }
    for (GList* entry = items; entry != nullptr; entry = entry->next) {
      s_.g_object_unref(entry->data);
    }
    s_.g_list_free(items);
    return answer;
  }

  KeyringAnswer ReadSecret(SecretItem* item) {
    if (s_.secret_item_get_locked(item) != 0) {
      return {KeyringState::kLocked, "", "the item is locked"};
    }
    if (s_.secret_item_load_secret_sync(item, cancellable_, &error_) == 0) {
      return Trouble();
    }
    SecretValue* value = s_.secret_item_get_secret(item);
    if (value == nullptr) {
      return {KeyringState::kLocked, "", "the item's secret is not given out"};
    }
    gsize length = 0;
    const char* text = s_.secret_value_get(value, &length);
    KeyringAnswer answer{KeyringState::kFound, std::string(text, length), ""};
    s_.secret_value_unref(value);
    return answer;
  }

  /// Saves in the default collection when that is open.
  KeyringAnswer CreateItem(const KeyringItem& item, const std::string& label,
                           const std::string& secret) {
    collection_ = s_.secret_collection_for_alias_sync(
        service_, kDefaultAlias, SECRET_COLLECTION_NONE, cancellable_, &error_);
    if (error_ != nullptr) {
      return Trouble();
    }
    if (collection_ == nullptr || s_.secret_collection_get_locked(collection_) != 0) {
      return {KeyringState::kLocked, "", ""};
    }
    GHashTable* attributes = MakeAttributes({{"profile", &item.profile},
                                             {"issuer", &item.issuer},
                                             {"client_id", &item.client_id},
                                             {"store_id", &item.store_id}});
    SecretValue* value =
        s_.secret_value_new(secret.data(), static_cast<gssize>(secret.size()), "application/json");
    SecretItem* created =
        s_.secret_item_create_sync(collection_, &Schema(), attributes, label.c_str(), value,
                                   SECRET_ITEM_CREATE_REPLACE, cancellable_, &error_);
    s_.secret_value_unref(value);
    s_.g_hash_table_unref(attributes);
    if (created == nullptr) {
      return Trouble();
    }
    s_.g_object_unref(created);
    return {KeyringState::kFound, "", ""};
  }

  KeyringAnswer DeleteItem(SecretItem* item) {
    return s_.secret_item_delete_sync(item, cancellable_, &error_) != 0
               ? KeyringAnswer{KeyringState::kFound, "", ""}
               : Trouble();
  }

  /// What the last error means to the user.
  KeyringAnswer Trouble() {
    const KeyringState state = Meaning();
    if (state == KeyringState::kHung || state == KeyringState::kLocked) {
      return {state, "", ""};  // the words of a cancelled call tell nobody anything
    }
    return {state, "", error_ != nullptr ? oauth::Printable(error_->message) : ""};
  }

  /// gnome-keyring can answer a client's very first call so; the second one works.
  bool IsUnknownMethod() const { return Is(s_.g_dbus_error_quark(), G_DBUS_ERROR_UNKNOWN_METHOD); }

 private:
  using Variant = std::unique_ptr<GVariant, decltype(Libsecret::g_variant_unref)>;

  Variant Own(GVariant* value) { return {value, s_.g_variant_unref}; }

  /// The service's answer, which has that type; null when `error_` says why there is none.
  Variant Call(const char* path, const char* interface, const char* method, GVariant* arguments,
               const char* type) {
    auto* proxy = reinterpret_cast<GDBusProxy*>(service_);
    return Own(s_.g_dbus_connection_call_sync(
        s_.g_dbus_proxy_get_connection(proxy), s_.g_dbus_proxy_get_name(proxy), path, interface,
        method, arguments, reinterpret_cast<const GVariantType*>(type), G_DBUS_CALL_FLAGS_NONE,
        kDefaultTimeout, cancellable_, &error_));
  }

  void CancelAtDeadline() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kCallLimit, [this] { return done_; })) {
      s_.g_cancellable_cancel(cancellable_);
    }
  }

  [[nodiscard]] bool Is(GQuark domain, int code) const {
    return error_ != nullptr && error_->domain == domain && error_->code == code;
  }

  [[nodiscard]] KeyringState Meaning() const {
    const GQuark dbus = s_.g_dbus_error_quark();
    const GQuark io = s_.g_io_error_quark();
    if (s_.g_cancellable_is_cancelled(cancellable_) != 0 || Is(io, G_IO_ERROR_TIMED_OUT) ||
        Is(dbus, G_DBUS_ERROR_NO_REPLY) || Is(dbus, G_DBUS_ERROR_TIMEOUT)) {
      return KeyringState::kHung;
    }
    if (Is(s_.secret_error_get_quark(), SECRET_ERROR_IS_LOCKED) || IsUnknownMethod()) {
      return KeyringState::kLocked;
    }
    // Absent is what allows a sign-in anew, so only what says so counts: no connection to a bus, or
    // nobody there by that name. Whatever else goes wrong, there is a keyring; also when it has
    // just gone, which the bus tells by its connection's name, ":1.7".
    const bool is_nobody =
        (Is(dbus, G_DBUS_ERROR_SERVICE_UNKNOWN) || Is(dbus, G_DBUS_ERROR_NAME_HAS_NO_OWNER)) &&
        std::string_view(error_->message).find(":1.") == std::string_view::npos;
    const bool is_no_bus = service_ == nullptr && (error_ == nullptr || error_->domain != dbus);
    return is_nobody || is_no_bus ? KeyringState::kAbsent : KeyringState::kCannotStart;
  }

  GHashTable* MakeAttributes(
      std::initializer_list<std::pair<const char*, const std::string*>> pairs) {
    GHashTable* attributes = s_.g_hash_table_new(s_.g_str_hash, s_.g_str_equal);
    for (const auto& [name, value] : pairs) {
      // The table takes pointers it may change, and does not.
      s_.g_hash_table_insert(attributes, const_cast<char*>(name),
                             const_cast<char*>(value->c_str()));
    }
    return attributes;
  }

  template <typename Object>
  void Unref(Object* object) {
    if (object != nullptr) {
      s_.g_object_unref(object);
    }
  }

  const Libsecret& s_;
  GCancellable* cancellable_;
  GError* error_ = nullptr;
  SecretService* service_ = nullptr;
  SecretCollection* collection_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread canceller_;
};

/// Blocks every signal while it lives. GLib's threads inherit that: one that could take a signal
/// would end the process by the signal's default action, past the run that waits for it.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

/// Opens a conversation and lets `talk` use it, once more when the keyring stumbled at its start.
KeyringAnswer Converse(bool& hung, const std::function<KeyringAnswer(Conversation&)>& talk) {
  if (!HasSessionBus()) {
    return {KeyringState::kAbsent, "", "there is no D-Bus session"};
  }
  if (hung) {
    return {KeyringState::kHung, "", ""};
  }
  const BlockedSignals blocked;
  std::string reason;
  const Libsecret* library = LoadLibsecret(reason);
  if (library == nullptr) {
    return {KeyringState::kAbsent, "", reason};
  }
  KeyringAnswer answer{KeyringState::kAbsent, "", ""};
  bool stumbled = false;
  for (int attempt = 0; attempt < 2 && (attempt == 0 || stumbled); ++attempt) {
    Conversation conversation(*library);
    answer = conversation.Connect() ? talk(conversation) : conversation.Trouble();
    stumbled = conversation.IsUnknownMethod();
  }
  hung = answer.state == KeyringState::kHung;
  return answer;
}

/// What `use` says of the first item that is found, or why there is none.
KeyringAnswer AskForItem(bool& hung, const KeyringItem& item,
                         const std::function<KeyringAnswer(Conversation&, SecretItem*)>& use) {
  return Converse(hung, [&](Conversation& conversation) {
    // First: a search in a closed database makes KeePassXC ask for its password.
    if (const std::optional<KeyringAnswer> obstacle = conversation.FindObstacle()) {
      return *obstacle;
    }
    KeyringAnswer answer = conversation.ForFirstItem(
        item, [&](SecretItem* found) { return use(conversation, found); });
    if (answer.state == KeyringState::kNothing) {
      // And afterwards: one that was restarted meanwhile is locked, and hides its items.
      return conversation.FindObstacle().value_or(answer);
    }
    return answer;
  });
}

}  // namespace

SecretServiceStore::SecretServiceStore(Interrupts& interrupts) : interrupts_(interrupts) {}

KeyringAnswer SecretServiceStore::Probe() {
  return Converse(hung_, [](Conversation& conversation) {
    return conversation.FindObstacle().value_or(KeyringAnswer{KeyringState::kNothing, "", ""});
  });
}

KeyringAnswer SecretServiceStore::Load(const KeyringItem& item) {
  return AskForItem(hung_, item, [](Conversation& conversation, SecretItem* found) {
    return conversation.ReadSecret(found);
  });
}

KeyringAnswer SecretServiceStore::Save(const KeyringItem& item, const std::string& label,
                                       const std::string& secret) {
  return Converse(hung_, [&](Conversation& conversation) {
    return conversation.CreateItem(item, label, secret);
  });
}

KeyringAnswer SecretServiceStore::Remove(const KeyringItem& item) {
  return AskForItem(hung_, item, [](Conversation& conversation, SecretItem* found) {
    return conversation.DeleteItem(found);
  });
}

bool SecretServiceStore::Unlock(std::chrono::seconds patience) {
  // In a process of its own: a dialog that nobody answers cannot be called off in this one.
  const int pid = StartDetached("/proc/self/exe", {"grok-auth", "unlock-keyring"}, {});
  return pid > 0 && WaitForExit(pid, patience, interrupts_) == 0;
}

int UnlockKeyringHere() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a dialog that nobody waits for must not stay
  std::string reason;
  const Libsecret* s = LoadLibsecret(reason);
  if (s == nullptr || !HasSessionBus()) {
    return 1;
  }
  SecretService* service = s->secret_service_get_sync(SECRET_SERVICE_NONE, nullptr, nullptr);
  SecretCollection* collection =
      service == nullptr ? nullptr
                         : s->secret_collection_for_alias_sync(
                               service, kDefaultAlias, SECRET_COLLECTION_NONE, nullptr, nullptr);
  if (collection == nullptr) {
    return 1;
  }
  GList* wanted = s->g_list_append(nullptr, collection);
  const int unlocked = s->secret_service_unlock_sync(service, wanted, nullptr, nullptr, nullptr);
  s->g_list_free(wanted);
  return unlocked > 0 ? 0 : 1;
}

}  // namespace grokauth::edge
