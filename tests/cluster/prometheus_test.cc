// kvroute::prometheus, and the dashboard of examples/kv_server.
#include <gtest/gtest.h>
#include <kv/kv.h>
#include <kv/prometheus.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cluster/two_nodes.h"

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class PrometheusTest : public kv_tests::TwoNodes {
 protected:
  // Something of everything.
  void SetUp() override {
    TwoNodes::SetUp();
    create("hello");
    create("zoo");
    define("echo", [](kv::OpContext&, std::string_view args) {
      return std::string(args);
    });
    define("\xff\n\"", [](kv::OpContext&, std::string_view) { return ""; });
    kv::Router& foo = foo_->router();
    for (const char* bucket : {"hello", "zoo"}) {
      EXPECT_TRUE(foo.route(bucket, kv::Get{"k"}).ok());
      EXPECT_TRUE(foo.route(bucket, kv::Apply{"echo", ""}).ok());
      EXPECT_TRUE(foo.route(bucket, kv::Apply{"\xff\n\"", ""}).ok());
      EXPECT_FALSE(foo.route(bucket, kv::Apply{"what", ""}).ok());
    }
  }

  std::vector<MetricFamily> collect() const { return collector_->Collect(); }
  MetricFamily family(const std::string& name) const {
    for (MetricFamily& it : collect()) {
      if (it.name == name) return it;
    }
    ADD_FAILURE() << "no " << name;
    return {};
  }
  // The one metric of a family that has these labels, in the text format's
  // form.
  ClientMetric metric(const std::string& name,
                      std::vector<ClientMetric::Label> labels) const {
    for (ClientMetric& it : family(name).metric) {
      const bool has = std::all_of(
          labels.begin(), labels.end(), [&](const ClientMetric::Label& label) {
            return std::count(it.label.begin(), it.label.end(), label) == 1;
          });
      if (has) return it;
    }
    ADD_FAILURE() << name << " has no metric with such labels";
    return {};
  }

  std::shared_ptr<prometheus::Collectable> collector_ =
      kv::prometheus_collector(*foo_);
};

TEST_F(PrometheusTest, CallsAreCountedAndTimed) {
  const std::vector<ClientMetric::Label> get = {
      {"node", foo_->name().str()}, {"op", "Get"}, {"path", "remote"}};
  EXPECT_EQ(metric("kvroute_calls_total", get).counter.value, 1);
  const auto histogram = metric("kvroute_call_duration_seconds", get).histogram;
  EXPECT_EQ(histogram.sample_count, 1U);
  EXPECT_GT(histogram.sample_sum, 0);
  EXPECT_EQ(histogram.bucket.back().cumulative_count, 1U);
  EXPECT_EQ(metric("kvroute_calls_total", {{"op", "what"},
                                           {"kind", "host"},
                                           {"path", "remote"},
                                           {"code", "unimplemented"},
                                           {"outcome", "not_run"}})
                .counter.value,
            1);
}

TEST_F(PrometheusTest, BucketsOfHistogramsGrow) {
  for (const ClientMetric& it :
       family("kvroute_call_duration_seconds").metric) {
    const auto& buckets = it.histogram.bucket;
    for (std::size_t i = 1; i < buckets.size(); ++i) {
      EXPECT_GT(buckets[i].upper_bound, buckets[i - 1].upper_bound);
      EXPECT_GE(buckets[i].cumulative_count, buckets[i - 1].cumulative_count);
    }
    EXPECT_EQ(buckets.back().cumulative_count, it.histogram.sample_count);
  }
}

TEST_F(PrometheusTest, PeersAreSeen) {
  const std::vector<ClientMetric::Label> bar = {{"peer", bar_->name().str()}};
  EXPECT_TRUE(kv_tests::eventually(
      [&] { return metric("kvroute_peer_up", bar).gauge.value == 1; }));
  EXPECT_GT(metric("kvroute_peer_sent_bytes_total", bar).counter.value, 0);
}

TEST_F(PrometheusTest, NamesAreAsPrometheusWantsThem) {
  for (const MetricFamily& it : collect()) {
    const std::string& name = it.name;
    EXPECT_TRUE(std::regex_match(name, std::regex("kvroute_[a-z_]+"))) << name;
    EXPECT_EQ(it.type == MetricType::Counter,
              std::regex_search(name, std::regex("_total$")))
        << name;
    EXPECT_FALSE(it.help.empty()) << name;
    EXPECT_FALSE(std::regex_search(name, std::regex("milli|micro|nano|kilo")))
        << name;
    for (const ClientMetric& metric : it.metric) {
      for (const ClientMetric::Label& label : metric.label) {
        EXPECT_TRUE(std::all_of(
            label.value.begin(), label.value.end(),
            [](unsigned char byte) { return std::isprint(byte) != 0; }));
      }
    }
  }
  const std::string text = prometheus::TextSerializer().Serialize(collect());
  EXPECT_NE(text.find(R"(op="\\xff\\x0a\"")"), std::string::npos) << text;
}

TEST_F(PrometheusTest, OutlivesTheNode) {
  EXPECT_FALSE(collect().empty());
  foo_.reset();
  EXPECT_TRUE(collect().empty());
}

// Every "expr" and every query of a variable, wherever they stand.
void find_queries(const nlohmann::json& json, std::string& all) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      if ((key == "expr" || key == "query") && value.is_string()) {
        all += value.get<std::string>() + "\n";
      }
    }
  }
  if (json.is_structured()) {
    for (const auto& value : json) find_queries(value, all);
  }
}

TEST_F(PrometheusTest, TheDashboardShowsOnlyWhatThereIs) {
  std::ifstream file(KVROUTE_DASHBOARD);
  std::string queries;
  find_queries(nlohmann::json::parse(file), queries);

  std::set<std::string> exposed;
  std::istringstream lines(prometheus::TextSerializer().Serialize(collect()));
  for (std::string line; std::getline(lines, line);) {
    if (line[0] != '#')
      exposed.insert(line.substr(0, line.find_first_of("{ ")));
  }
  std::set<std::string> shown;
  const std::regex name("kvroute_[a-z_]+");
  for (std::sregex_iterator it(queries.begin(), queries.end(), name), end;
       it != end; ++it) {
    shown.insert(it->str());
  }
  EXPECT_GT(shown.size(), 15U);
  for (const std::string& it : shown) {
    EXPECT_EQ(exposed.count(it), 1U) << it << " is shown and not exposed";
  }
}

}  // namespace
