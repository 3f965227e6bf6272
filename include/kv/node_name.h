// kv::NodeName: the name of a member of the cluster, which is also the address
// that peers dial.
#ifndef KV_NODE_NAME_H_
#define KV_NODE_NAME_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "kv/export.h"

namespace kv {

// A value: a checked text `short@host:port`, for example `foo@127.0.0.1:4001`.
//   short  1 to 64 letters, digits, `_`, `-` or `.`
//   host   an IPv4 address, a host name of at most 253 letters, digits, `-` or
//          `.`, or an IPv6 address in brackets: `foo@[::1]:4001`
//   port   0 to 65535, without leading zeros; 0 only makes sense for a node
//          that is about to start
// Two names are equal if their texts are. Copies are cheap enough to hand
// around by value.
class KV_EXPORT NodeName {
 public:
  // The nameless node: an empty text.
  NodeName() = default;

  // kInvalidArgument, which names the text and what is wrong with it.
  static absl::StatusOr<NodeName> parse(std::string_view text);

  const std::string& str() const { return text_; }
  std::string_view short_name() const { return view().substr(0, at_); }
  // What a peer dials: `127.0.0.1:4001`.
  std::string_view address() const {
    return text_.empty() ? view() : view().substr(at_ + 1);
  }
  // Without the brackets of an IPv6 address.
  std::string_view host() const;
  std::uint16_t port() const { return port_; }
  bool empty() const { return text_.empty(); }

  // The same node at another port. REQUIRES: !empty()
  NodeName with_port(std::uint16_t port) const;

  // Node names are taken as std::string_view everywhere, and kept as strings: a
  // NodeName can be given for either as it is.
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator std::string_view() const { return text_; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator const std::string&() const { return text_; }

  friend bool operator==(const NodeName& a, const NodeName& b) {
    return a.text_ == b.text_;
  }
  friend bool operator!=(const NodeName& a, const NodeName& b) {
    return !(a == b);
  }
  friend bool operator<(const NodeName& a, const NodeName& b) {
    return a.text_ < b.text_;
  }
  friend bool operator==(const NodeName& a, std::string_view b) {
    return a.text_ == b;
  }
  friend bool operator!=(const NodeName& a, std::string_view b) {
    return !(a == b);
  }
  friend bool operator==(std::string_view a, const NodeName& b) {
    return b == a;
  }
  friend bool operator!=(std::string_view a, const NodeName& b) {
    return !(b == a);
  }
  friend std::ostream& operator<<(std::ostream& out, const NodeName& name) {
    return out << name.text_;
  }
  template <typename H>
  friend H AbslHashValue(H state, const NodeName& name) {
    return H::combine(std::move(state), name.text_);
  }

 private:
  std::string_view view() const { return text_; }

  std::string text_;
  std::size_t at_ = 0;  // where the '@' stands
  std::uint16_t port_ = 0;
};

}  // namespace kv

#endif  // KV_NODE_NAME_H_
