#include "trust/authority.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace kv_tests {
namespace {

const std::string kNewKey =
    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";

void must_run(const std::string& command) {
  std::string output;
  if (run_command(command, &output)) return;
  std::fprintf(stderr, "%s\n%s\n", command.c_str(), output.c_str());
  std::abort();
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream(fresh, std::ios::binary) << text;
  if (std::rename(fresh.c_str(), path.c_str()) != 0) std::abort();
}

bool run_command(const std::string& command, std::string* output) {
  std::FILE* const pipe = popen((command + " 2>&1").c_str(), "re");
  if (pipe == nullptr) return false;
  std::array<char, 4096> buffer{};
  std::size_t count = 0;
  while ((count = fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    if (output != nullptr) output->append(buffer.data(), count);
  }
  return pclose(pipe) == 0;
}

Authority::Authority()
    : directory_(::testing::TempDir() + "kvroute-trust-XXXXXX") {
  if (mkdtemp(directory_.data()) == nullptr) std::abort();
  must_run(kNewKey + "-x509 -days 1 -subj /CN=authority -keyout " + directory_ +
           "/authority.key -out " + certificate());
}

Authority::~Authority() { run_command("rm -r " + directory_); }

kv::Tls Authority::issue(const std::string& file, const std::string& names,
                         int days) {
  const std::string path = directory_ + "/" + file;
  write_file(path + ".ext", "subjectAltName=" + names + "\n");
  must_run(kNewKey + "-subj /CN=node -keyout " + path + ".key -out " + path +
           ".csr && openssl x509 -req -in " + path + ".csr -CA " +
           certificate() + " -CAkey " + directory_ +
           "/authority.key -CAcreateserial -days " + std::to_string(days) +
           " -extfile " + path + ".ext -out " + path + ".pem");
  write_file(path + ".ca.pem", read_file(certificate()));
  kv::Tls tls;
  tls.ca = path + ".ca.pem";
  tls.certificate = path + ".pem";
  tls.key = path + ".key";
  return tls;
}

kv::Tls as_text(const kv::Tls& files) {
  kv::Tls tls = files;
  for (std::string* field : {&tls.ca, &tls.certificate, &tls.key}) {
    *field = read_file(*field);
  }
  return tls;
}

}  // namespace kv_tests
