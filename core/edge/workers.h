// The threads that run the handler, with a bounded queue before them. submit() from any thread.
#pragma once

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

namespace myriad::edge {

class Workers {
 public:
  Workers(unsigned threads, std::size_t queue) : pool_(threads), limit_(threads + queue) {}

  // Claims a place for one job; false when all are taken. Each claim is followed by one run().
  bool claim() {
    if (taken_.fetch_add(1) < limit_) return true;
    --taken_;
    return false;
  }
  template <class Job>
  void run(Job job) {
    boost::asio::post(pool_, [this, job = std::move(job)]() mutable {
      job();
      --taken_;
    });
  }
  void join() { pool_.join(); }  // after the last job

 private:
  boost::asio::thread_pool pool_;
  const std::size_t limit_;
  std::atomic<std::size_t> taken_{0};
};

}  // namespace myriad::edge
