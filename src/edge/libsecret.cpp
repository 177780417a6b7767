#include "edge/libsecret.h"

#include <dlfcn.h>

#include <optional>

#include "oauth/encoding.h"

namespace grokauth::edge {

namespace {

constexpr const char* kLibraryName = "libsecret-1.so.0";

/// Looks names up in the library and, as dlsym does, in those it depends on.
class Resolver {
 public:
  explicit Resolver(void* library) : library_(library) {}

  template <typename Function>
  void Find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    if (function == nullptr && missing_.empty()) {
      missing_ = name;
    }
  }

  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  void* library_;
  std::string missing_;
};

std::optional<Libsecret> Resolve(void* library, std::string& reason) {
  Resolver resolver(library);
  Libsecret s{};
  resolver.Find("secret_service_get_sync", s.secret_service_get_sync);
  resolver.Find("secret_service_search_sync", s.secret_service_search_sync);
  resolver.Find("secret_service_unlock_sync", s.secret_service_unlock_sync);
  resolver.Find("secret_collection_for_alias_sync", s.secret_collection_for_alias_sync);
  resolver.Find("secret_collection_get_locked", s.secret_collection_get_locked);
  resolver.Find("secret_item_create_sync", s.secret_item_create_sync);
  resolver.Find("secret_item_delete_sync", s.secret_item_delete_sync);
  resolver.Find("secret_item_get_locked", s.secret_item_get_locked);
  resolver.Find("secret_item_get_secret", s.secret_item_get_secret);
  resolver.Find("secret_item_load_secret_sync", s.secret_item_load_secret_sync);
  resolver.Find("secret_value_new", s.secret_value_new);
  resolver.Find("secret_value_get", s.secret_value_get);
  resolver.Find("secret_value_unref", s.secret_value_unref);
  resolver.Find("secret_error_get_quark", s.secret_error_get_quark);
  resolver.Find("g_dbus_connection_call_sync", s.g_dbus_connection_call_sync);
  resolver.Find("g_dbus_error_quark", s.g_dbus_error_quark);
  resolver.Find("g_dbus_proxy_get_connection", s.g_dbus_proxy_get_connection);
  resolver.Find("g_dbus_proxy_get_name", s.g_dbus_proxy_get_name);
  resolver.Find("g_io_error_quark", s.g_io_error_quark);
  resolver.Find("g_cancellable_new", s.g_cancellable_new);
  resolver.Find("g_cancellable_cancel", s.g_cancellable_cancel);
  resolver.Find("g_cancellable_is_cancelled", s.g_cancellable_is_cancelled);
  resolver.Find("g_object_unref", s.g_object_unref);
  resolver.Find("g_error_free", s.g_error_free);
  resolver.Find("g_hash_table_new", s.g_hash_table_new);
  resolver.Find("g_hash_table_insert", s.g_hash_table_insert);
  resolver.Find("g_hash_table_unref", s.g_hash_table_unref);
  resolver.Find("g_str_hash", s.g_str_hash);
  resolver.Find("g_str_equal", s.g_str_equal);
  resolver.Find("g_list_append", s.g_list_append);
  resolver.Find("g_list_free", s.g_list_free);
  resolver.Find("g_task_report_new_error", s.g_task_report_new_error);
  resolver.Find("g_task_propagate_pointer", s.g_task_propagate_pointer);
  resolver.Find("g_variant_get", s.g_variant_get);
  resolver.Find("g_variant_get_boolean", s.g_variant_get_boolean);
  resolver.Find("g_variant_is_of_type", s.g_variant_is_of_type);
  resolver.Find("g_variant_new", s.g_variant_new);
  resolver.Find("g_variant_unref", s.g_variant_unref);
  if (!resolver.missing().empty()) {
    reason = std::string(kLibraryName) + " has no " + resolver.missing();
    return std::nullopt;
  }
  return s;
}

}  // namespace

const Libsecret* LoadLibsecret(std::string& reason) {
  // Never closed: GLib leaves threads behind that run its code.
  static void* const library = dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    // dlerror() names the file that is missing, or what is wrong with one that is there.
    const char* error = dlerror();
    reason = error != nullptr ? oauth::Printable(error) : std::string(kLibraryName) + " is missing";
    return nullptr;
  }
  static std::string fault;
  static const std::optional<Libsecret> loaded = Resolve(library, fault);
  reason = fault;
  return loaded ? &*loaded : nullptr;
}

}  // namespace grokauth::edge
