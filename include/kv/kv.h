// Everything of kvroute but the opt-in headers.
#ifndef KV_KV_H_
#define KV_KV_H_

#include "kv/admin_ops.h"
#include "kv/async.h"
#include "kv/bucket.h"
#include "kv/bucket_ref.h"
#include "kv/call_options.h"
#include "kv/check.h"
#include "kv/histogram.h"
#include "kv/log.h"
#include "kv/node.h"
#include "kv/node_name.h"
#include "kv/node_options.h"
#include "kv/observer.h"
#include "kv/op_context.h"
#include "kv/op_info.h"
#include "kv/ops.h"
#include "kv/outcome.h"
#include "kv/peer_event.h"
#include "kv/registry.h"
#include "kv/router.h"
#include "kv/routing_table.h"
#include "kv/stats.h"
#include "kv/task.h"
#include "kv/tls.h"
#include "kv/trace_context.h"

#endif  // KV_KV_H_
