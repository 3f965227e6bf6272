# kvroute_add_proto(target root file.proto [GRPC]): an object library of the messages in root/file.proto
# and, with GRPC, of its services, which gives its users their headers: file.pb.h, file.grpc.pb.h.
function(kvroute_add_proto target root proto)
  cmake_parse_arguments(PARSE_ARGV 3 arg "GRPC" "" "")
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}")
  set(command protobuf::protoc "--proto_path=${root}" "--cpp_out=${out}")
  set(suffixes pb.cc pb.h)
  if(arg_GRPC)
    list(APPEND command "--grpc_out=${out}"
         "--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>")
    list(APPEND suffixes grpc.pb.cc grpc.pb.h)
  endif()
  string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
  list(TRANSFORM suffixes PREPEND "${out}/${stem}." OUTPUT_VARIABLE generated)

  file(MAKE_DIRECTORY "${out}")
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${command} "${root}/${proto}"
    DEPENDS "${root}/${proto}" protobuf::protoc
    COMMENT "Generating ${proto}"
    VERBATIM)

  add_library(${target} OBJECT ${generated})
  target_compile_options(${target} PRIVATE -w)  # protoc's code, not ours
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  # Not libprotobuf-lite, even where the code needs no more: gRPC brings the whole library, and both
  # in one process would be two copies of the same symbols.
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf $<$<BOOL:${arg_GRPC}>:gRPC::grpc++>)
endfunction()
