# How kvroute's own code is compiled. Included once, by the root; defines kvroute_options(target).

if(NOT DEFINED CMAKE_CXX_STANDARD)
  set(CMAKE_CXX_STANDARD 17)
endif()
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
  endif()
  find_program(KVROUTE_CCACHE ccache)
  if(KVROUTE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${KVROUTE_CCACHE}")
  endif()
endif()

# For everything below, generated code included: a sanitizer wants to see all of the program.
if(KVROUTE_SANITIZE)
  add_compile_options(-fsanitize=${KVROUTE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${KVROUTE_SANITIZE})
endif()

# Code that a fuzzer is to look into.
if(KVROUTE_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

function(kvroute_options target)
  target_compile_options(
    ${target}
    PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
            $<$<CXX_COMPILER_ID:Clang,AppleClang>:-Wthread-safety>
            # Lines for a backtrace are enough: a quarter of the compiling goes into the rest.
            $<$<CONFIG:RelWithDebInfo>:-g1>
            $<$<BOOL:${KVROUTE_WERROR}>:-Werror>)
endfunction()

# For what goes into the library, and so perhaps into a shared library of the host's.
function(kvroute_hidden target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON
                                             CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
endfunction()
