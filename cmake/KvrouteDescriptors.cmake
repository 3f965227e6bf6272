# kvroute_add_descriptors(out root file.proto...): out, a source file that defines the descriptors of
# root/file.proto... as lib/rpc/descriptors.h declares them. Also the script that its build runs.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${SET}" bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
  file(WRITE "${OUT}" "#include \"rpc/descriptors.h\"

namespace kv::internal {

const unsigned char kDescriptors[] = {
${bytes}};
const std::size_t kDescriptorsBytes = sizeof kDescriptors;

}  // namespace kv::internal
")
  return()
endif()

set(KVROUTE_DESCRIPTORS_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")
function(kvroute_add_descriptors out root)
  list(TRANSFORM ARGN PREPEND "${root}/" OUTPUT_VARIABLE protos)
  add_custom_command(
    OUTPUT "${out}"
    COMMAND protobuf::protoc "--proto_path=${root}" "--descriptor_set_out=${out}.set" ${protos}
    COMMAND "${CMAKE_COMMAND}" "-DSET=${out}.set" "-DOUT=${out}" -P "${KVROUTE_DESCRIPTORS_SCRIPT}"
    DEPENDS ${protos} protobuf::protoc "${KVROUTE_DESCRIPTORS_SCRIPT}"
    COMMENT "Generating descriptors"
    VERBATIM)
endfunction()
