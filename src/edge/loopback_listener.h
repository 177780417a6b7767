#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/edges.h"
#include "edge/interrupts.h"

namespace grokauth::edge {

/// Loopback listeners by plain sockets and one poll() loop: browsers open connections that they do
/// not use, and those must not keep the redirect waiting.
class SocketLoopback final : public app::Loopback {
 public:
  explicit SocketLoopback(Interrupts& interrupts);

  [[nodiscard]] std::unique_ptr<app::LoopbackListener> Listen(std::uint16_t port) override;
  [[nodiscard]] std::string HolderOf(std::uint16_t port) override;

 private:
  Interrupts& interrupts_;
};

}  // namespace grokauth::edge
