// KV_EXPORT marks what the shared library shows; everything else is hidden, so
// that two libraries which each contain kvroute can be loaded into one process.
// A static build shows nothing.
#ifndef KV_EXPORT_H_
#define KV_EXPORT_H_

#if defined(KVROUTE_SHARED)
#define KV_EXPORT __attribute__((visibility("default")))
#else
#define KV_EXPORT
#endif

#endif  // KV_EXPORT_H_
