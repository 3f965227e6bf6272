#include "fuzz/wire_mutator.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "fuzz/check.h"

// Of libFuzzer.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t max_size);

namespace kv_fuzz {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The library's own messages are lite and don't know their fields. What protoc
// says of them also keeps the mutator up to date.
class Types {
 public:
  static const Types& get() {
    static const Types types;
    return types;
  }
  std::unique_ptr<Message> make(const std::string& name) const {
    const Descriptor* const type =
        pool_.FindMessageTypeByName("kvroute.v1." + name);
    check(type != nullptr);
    return std::unique_ptr<Message>(factory_->GetPrototype(type)->New());
  }

 private:
  Types() {
    std::ifstream file(KVROUTE_DESCRIPTORS, std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    check(set.ParseFromIstream(&file));
    for (const auto& it : set.file()) check(pool_.BuildFile(it) != nullptr);
    factory_ = std::make_unique<google::protobuf::DynamicMessageFactory>();
  }

  google::protobuf::DescriptorPool pool_;
  std::unique_ptr<google::protobuf::DynamicMessageFactory> factory_;
};

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  void change(Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    if (type.field_count() == 0) return;
    const FieldDescriptor& field =
        *type.field(static_cast<int>(below(type.field_count())));
    if (field.is_repeated()) return change_repeated(message, field);
    const Reflection& reflection = *message.GetReflection();
    if (below(6) == 0) return reflection.ClearField(&message, &field);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return change(*reflection.MutableMessage(&message, &field));
    }
    set(message, field);
  }

 private:
  void change_repeated(Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, &field);
    const bool is_message =
        field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const std::size_t dice = below(6);
    if (size > 0 && dice == 0) return reflection.RemoveLast(&message, &field);
    if (size > 1 && dice == 1) {
      return reflection.SwapElements(&message, &field,
                                     static_cast<int>(below(size)),
                                     static_cast<int>(below(size)));
    }
    if (size > 0 && is_message && dice < 5) {
      return change(*reflection.MutableRepeatedMessage(
          &message, &field, static_cast<int>(below(size))));
    }
    if (is_message) return change(*reflection.AddMessage(&message, &field));
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return;
    if (size > 0 && dice < 4) {
      const int place = static_cast<int>(below(size));
      const std::string old =
          reflection.GetRepeatedString(message, &field, place);
      return reflection.SetRepeatedString(&message, &field, place, bytes(old));
    }
    reflection.AddString(&message, &field, bytes(""));
  }

  void set(Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(&message, &field, below(2) == 0);
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(&message, &field,
                                   static_cast<std::int32_t>(number()));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(&message, &field,
                                    static_cast<std::uint32_t>(number()));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(&message, &field,
                                   static_cast<std::int64_t>(number()));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(&message, &field, number());
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(
            &message, &field, bytes(reflection.GetString(message, &field)));
      default:
        std::abort();  // the messages have got a kind of field not known here
    }
  }

  std::uint64_t number() {
    constexpr std::array<std::uint64_t, 8> kTelling = {
        0,
        1,
        8,
        16,
        64,
        65,
        std::numeric_limits<std::uint32_t>::max(),
        std::numeric_limits<std::uint64_t>::max()};
    if (below(2) == 0) return kTelling[below(kTelling.size())];
    return std::uint64_t{random_()} << below(64);
  }
  std::string bytes(std::string old) {
    static const std::vector<std::string> kTelling = {
        "",
        "a",
        "foo@127.0.0.1:4001",
        "bar@127.0.0.1:4002",
        "a..m foo@h:1\nn..z bar@h:2\n",
        "slots 8\n0..7 foo@h:1\n",
        "kvroute.outcome",
        std::string(70, 'x')};
    if (below(2) == 0) return kTelling[below(kTelling.size())];
    const std::size_t size = old.size();
    old.resize(size + 32);
    old.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(old.data()),
                                size, old.size()));
    return old;
  }

  std::minstd_rand random_;
};

}  // namespace

std::string mutate_message(const std::string& name, const std::string& bytes,
                           unsigned seed) {
  const std::unique_ptr<Message> message = Types::get().make(name);
  // What can't be read ends it; what stands before that is kept.
  (void)message->ParsePartialFromString(bytes);
  Mutator mutator(seed);
  std::string merged;
  if (mutator.below(8) == 0) merged = message->SerializePartialAsString();
  for (std::size_t i = 0; i <= mutator.below(4); ++i) mutator.change(*message);
  return merged + message->SerializePartialAsString();
}

}  // namespace kv_fuzz
