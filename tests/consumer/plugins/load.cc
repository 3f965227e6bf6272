// Loads the plugins named by its arguments into this process, all before the
// first runs.
#include <dlfcn.h>

#include <iostream>
#include <vector>

int main(int argc, char** argv) {
  std::vector<int (*)()> plugins;
  for (int i = 1; i < argc; ++i) {
    void* plugin = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
    void* run = plugin == nullptr ? nullptr : dlsym(plugin, "run");
    if (run == nullptr) {
      std::cerr << dlerror() << "\n";
      return 1;
    }
    plugins.push_back(reinterpret_cast<int (*)()>(run));
  }
  for (auto run : plugins) {
    if (int status = run(); status != 0) return status;
  }
  return plugins.empty() ? 1 : 0;
}
