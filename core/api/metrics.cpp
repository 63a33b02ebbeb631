// GET /metrics: what the daemon counts, for Prometheus.
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "api/exposition.h"
#include "api/resources.h"

namespace myriad::api {
namespace {

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return number(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  std::error_code fault;
  const std::filesystem::directory_iterator fds("/proc/self/fd", fault);
  return fault ? 0 : static_cast<double>(std::distance(begin(fds), end(fds)));
}

// Names as Prometheus' own clients use them.
void add_process(Exposition& out) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  out.add("process_cpu_seconds_total", "counter", "CPU time used, user and system",
          seconds(usage.ru_utime) + seconds(usage.ru_stime));
  out.add("process_resident_memory_bytes", "gauge", "Memory in RAM", resident_bytes());
  out.add("process_open_fds", "gauge", "Open file descriptors", open_descriptors());
  out.add("process_max_fds", "gauge", "Limit of open file descriptors", number(files.rlim_cur));
}

void add_spine(Exposition& out, const spine::Stats& stats) {
  out.add("myriad_spine_appended_readings_total", "counter", "Readings taken in since start", number(stats.appended));
  out.add("myriad_spine_committed_readings_total", "counter", "Readings on disk since start", number(stats.committed));
  out.add("myriad_spine_refused_readings_total", "counter", "Readings sent back because queue, disk or log were full",
          number(stats.refused));
  out.add("myriad_spine_lost_readings_total", "counter", "Readings taken in that the disk then refused",
          number(stats.lost));
  out.add("myriad_spine_commits_total", "counter", "Group commits since start", number(stats.commits));
  out.add("myriad_spine_queued_bytes", "gauge", "Taken in and not yet on disk", number(stats.queued_bytes));
  out.add("myriad_spine_disk_bytes", "gauge", "Size of the log", number(stats.disk_bytes));
  out.add("myriad_spine_end_sequence", "gauge", "One past the newest reading on disk", number(stats.end));
}

void add_consumers(Exposition& out, const std::vector<spine::Consumer>& consumers) {
  for (const auto& c : consumers) {
    const Exposition::Labels labels = {{"consumer", c.name}};
    out.add("myriad_consumer_lag_readings", "gauge", "Readings on the spine that it has yet to take", number(c.lag),
            labels);
    out.add("myriad_consumer_lag_seconds", "gauge", "Since the first of them was committed",
            static_cast<double>(c.behind) / 1e9, labels);
    out.add("myriad_consumer_retention_used_ratio", "gauge", "At 1 it loses readings", c.retention_used, labels);
    out.add("myriad_consumer_lost_readings_total", "counter", "Readings that retention removed before it took them",
            number(c.lost), labels);
  }
}

void add_history(Exposition& out, const historian::Stats& stats, spine::Sequence end) {
  out.add("myriad_history_readings_total", "counter", "Readings stored", number(stats.readings));
  out.add("myriad_history_chunks_total", "counter", "Chunks written", number(stats.chunks));
  out.add("myriad_history_open_readings", "gauge", "Readings in chunks not yet closed", number(stats.open_readings));
  out.add("myriad_history_disk_bytes", "gauge", "Size of the history", number(stats.disk_bytes));
  out.add("myriad_history_untidy_readings", "gauge", "Readings in chunks that upkeep has yet to join",
          number(stats.untidy_readings));
  out.add("myriad_history_revised_readings_total", "counter", "Readings replaced by others of the same point and time",
          number(stats.revised));
  out.add("myriad_history_expired_readings_total", "counter", "Readings later than retention keeps, not stored",
          number(stats.expired));
  out.add("myriad_history_lost_readings_total", "counter", "Readings that left the spine before history took them",
          number(stats.lost));
  out.add("myriad_history_damaged_chunks_total", "counter", "Chunks that could not be read",
          number(stats.damaged_chunks));
  out.add("myriad_history_lag_readings", "gauge", "Readings on the spine that history has yet to take",
          number(end - std::min(end, stats.next)));
}

void add_edge(Exposition& out, const edge::Server::Stats& stats, std::size_t streams) {
  out.add("myriad_http_connections_total", "counter", "Connections accepted", number(stats.connections));
  out.add("myriad_http_open_connections", "gauge", "Connections open", number(stats.open));
  out.add("myriad_http_requests_total", "counter", "Requests answered", number(stats.requests));
  out.add("myriad_http_refused_total", "counter", "Requests and connections that the edge refused",
          number(stats.refused));
  out.add("myriad_stream_clients", "gauge", "Clients of the live stream", static_cast<double>(streams));
}

void add_instance(Exposition& out, const plugin_host::InstanceStatus& status) {
  using plugin_host::State;
  const Exposition::Labels labels = {{"instance", status.record.id}, {"plugin", status.record.plugin}};
  const auto count = [&](const char* name, const char* help, std::uint64_t value) {
    out.add(name, "counter", help, number(value), labels);
  };
  const bool up = status.state == State::running || status.state == State::degraded;
  out.add("myriad_instance_up", "gauge", "1 when the instance runs", up ? 1 : 0, labels);
  if (status.connection)
    out.add("myriad_instance_connected", "gauge", "1 when its equipment or peer answers", status.connection->up ? 1 : 0,
            labels);
  count("myriad_instance_readings_total", "Readings published", status.readings);
  count("myriad_instance_batches_total", "Batches published", status.batches);
  count("myriad_instance_refused_total", "Readings sent back because queue, disk or log were full", status.refused);
  count("myriad_instance_polls_total", "Polls", status.polls);
  count("myriad_instance_errors_total", "Failed calls", status.errors);
  count("myriad_instance_restarts_total", "Restarts after a failure", status.restarts);
  if (status.lag)
    out.add("myriad_instance_lag_readings", "gauge", "Readings that it has yet to take", number(*status.lag), labels);
  if (const auto& d = status.delivery) {
    count("myriad_instance_delivered_readings_total", "Readings that it took", d->delivered);
    count("myriad_instance_delivery_retries_total", "Deliveries that failed", d->retries);
    count("myriad_instance_dead_letters_dropped_total", "Dead letters that had no place any more",
          d->dead_letters.dropped);
    out.add("myriad_instance_delivered_readings_per_second", "gauge", "Over the last ten seconds", d->rate, labels);
    out.add("myriad_instance_dead_letters", "gauge", "Readings that it refused for good", number(d->dead_letters.kept),
            labels);
  }
  for (const auto& [name, value] : status.metrics)
    out.add("myriad_plugin_" + name, "gauge", "Set by the plugin", value, labels);
}

Result<Reply> metrics(Shared& shared) {
  auto& parts = shared.parts;
  Exposition out;
  const auto uptime = std::chrono::steady_clock::now() - shared.started;
  out.add("myriad_info", "gauge", "The build", 1, {{"version", parts.version}});
  out.add("myriad_uptime_seconds", "gauge", "Time since start", std::chrono::duration<double>(uptime).count());
  out.add("myriad_points", "gauge", "Points known", number(parts.points.size()));
  out.add("myriad_things", "gauge", "Things known", static_cast<double>(parts.registry.thing_count()));
  add_process(out);
  const auto spine = parts.spine.stats();
  add_spine(out, spine);
  add_consumers(out, parts.spine.consumers());
  add_history(out, parts.historian.stats(), spine.end);
  add_edge(out, shared.serving.stats(), shared.live.listeners());
  for (const auto& status : parts.instances.list()) add_instance(out, status);
  return Reply{200, out.text(), "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace

void add_metrics_routes(Router& router, Shared& shared) {
  router.add({"GET", "/metrics", Access::local, [&](const Call&) { return metrics(shared); }});
}

}  // namespace myriad::api
