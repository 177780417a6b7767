#pragma once

#include <libsecret/secret.h>

#include <string>

namespace grokauth::edge {

/// libsecret and the GLib below it, loaded when first needed: a server without them runs the file
/// store with no extra package. The members have the names of the functions they point to.
struct Libsecret {
  decltype(&::secret_service_get_sync) secret_service_get_sync;
  decltype(&::secret_service_search_sync) secret_service_search_sync;
  decltype(&::secret_service_unlock_sync) secret_service_unlock_sync;
  decltype(&::secret_collection_for_alias_sync) secret_collection_for_alias_sync;
  decltype(&::secret_collection_get_locked) secret_collection_get_locked;
  decltype(&::secret_item_create_sync) secret_item_create_sync;
  decltype(&::secret_item_delete_sync) secret_item_delete_sync;
  decltype(&::secret_item_get_locked) secret_item_get_locked;
  decltype(&::secret_item_get_secret) secret_item_get_secret;
  decltype(&::secret_item_load_secret_sync) secret_item_load_secret_sync;
  decltype(&::secret_value_new) secret_value_new;
  decltype(&::secret_value_get) secret_value_get;
  decltype(&::secret_value_unref) secret_value_unref;
  decltype(&::secret_error_get_quark) secret_error_get_quark;
  decltype(&::g_dbus_connection_call_sync) g_dbus_connection_call_sync;
  decltype(&::g_dbus_error_quark) g_dbus_error_quark;
  decltype(&::g_dbus_proxy_get_connection) g_dbus_proxy_get_connection;
  decltype(&::g_dbus_proxy_get_name) g_dbus_proxy_get_name;
  decltype(&::g_io_error_quark) g_io_error_quark;
  decltype(&::g_cancellable_new) g_cancellable_new;
  decltype(&::g_cancellable_cancel) g_cancellable_cancel;
  decltype(&::g_cancellable_is_cancelled) g_cancellable_is_cancelled;
  decltype(&::g_object_unref) g_object_unref;
  decltype(&::g_error_free) g_error_free;
  decltype(&::g_hash_table_new) g_hash_table_new;
  decltype(&::g_hash_table_insert) g_hash_table_insert;
  decltype(&::g_hash_table_unref) g_hash_table_unref;
  decltype(&::g_str_hash) g_str_hash;
  decltype(&::g_str_equal) g_str_equal;
  decltype(&::g_list_append) g_list_append;
  decltype(&::g_list_free) g_list_free;
  decltype(&::g_task_report_new_error) g_task_report_new_error;
  decltype(&::g_task_propagate_pointer) g_task_propagate_pointer;
  decltype(&::g_variant_get) g_variant_get;
  decltype(&::g_variant_get_boolean) g_variant_get_boolean;
  decltype(&::g_variant_is_of_type) g_variant_is_of_type;
  decltype(&::g_variant_new) g_variant_new;
  decltype(&::g_variant_unref) g_variant_unref;
};

/// The loaded library, or null when it is not installed; `reason` then says what is missing.
[[nodiscard]] const Libsecret* LoadLibsecret(std::string& reason);

}  // namespace grokauth::edge
