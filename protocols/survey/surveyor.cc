#include "spool/protocols/survey/surveyor.h"

#include <utility>

#include "spool/protocols/policy/backtrace.h"

namespace spool::protocols {

Survey::Survey(Surveyor& surveyor, ExchangeHost& host, const ExchangeTimes& times) noexcept
    : surveyor_(surveyor),
      host_(host),
      deadline_(times.deadline.value_or(surveyor.context_.options.survey_deadline)),
      timer_(loop::Timer::call<&Survey::on_deadline, Survey>, this),
      answers_(surveyor.context_.pool) {}

Error Survey::start(Message& message) noexcept {
  const ProtocolContext& context = surveyor_.context_;
  const std::uint32_t id = surveyor_.running_.free_id(surveyor_.next_id_);
  if (!surveyor_.running_.insert(id, *this)) return Error::no_memory;
  const Error error = context.pool.push_header(message, encode_word(id));
  if (error != Error::none) {
    surveyor_.running_.erase(id);
    return error;
  }
  forget();
  id_ = id;
  surveyor_.next_id_ = id + 1;
  state_ = State::running;
  context.host.schedule_after(timer_, deadline_);
  surveyor_.peers_.send(message);
  return Error::none;
}

Result<Message> Survey::receive() noexcept {
  if (!answers_.empty()) {
    Message answer = std::move(answers_.front());
    answers_.pop_front();
    answers_bytes_ -= answer.size();
    return answer;
  }
  switch (state_) {
    case State::idle:
      return Error::wrong_state;
    case State::running:
      return Error::would_block;
    case State::over:
      state_ = State::idle;
      return Error::deadline_passed;
  }
  return Error::wrong_state;
}

bool Survey::can_receive() const noexcept { return !answers_.empty() || state_ == State::over; }

Error Survey::cancel() noexcept {
  if (state_ == State::idle) return Error::wrong_state;
  forget();
  return Error::none;
}

void Survey::on_answer(Message& answer) noexcept {
  const std::size_t size = answer.size();
  if (full() || !answers_.push_back(std::move(answer))) {
    ++surveyor_.stats_.overflowed;
    return;
  }
  answers_bytes_ += size;
  host_.on_readable();
}

bool Survey::full() const noexcept {
  const ProtocolOptions& options = surveyor_.context_.options;
  return answers_.size() >= options.queue_messages || answers_bytes_ >= options.queue_bytes;
}

void Survey::on_deadline() noexcept {
  surveyor_.running_.erase(id_);
  state_ = State::over;
  host_.on_readable();
}

// Whatever it was, it is idle, and nothing is left of it.
void Survey::forget() noexcept {
  if (state_ == State::running) {
    surveyor_.context_.host.cancel(timer_);
    surveyor_.running_.erase(id_);
  }
  state_ = State::idle;
  surveyor_.stats_.stale += answers_.size();
  answers_.clear();
  answers_bytes_ = 0;
}

Result<Exchange*> Surveyor::open_exchange(ExchangeHost& host, const ExchangeTimes& times) noexcept {
  Survey* survey = surveys_.create(*this, host, times);
  if (survey == nullptr) return Error::no_memory;
  return static_cast<Exchange*>(survey);
}

void Surveyor::close_exchange(Exchange& exchange) noexcept {
  surveys_.destroy(static_cast<Survey*>(&exchange));
}

io::Verdict Surveyor::inspect(io::Pipe&, std::span<const std::byte> payload) noexcept {
  return payload.size() < word_size ? io::Verdict::malformed : io::Verdict::keep;
}

// A hop word is no id of ours: those have bit 31 set.
bool Surveyor::route(io::Pipe&, Message& message) noexcept {
  Survey* survey = running_.find(io::load_u32(message.body().data()));
  if (survey == nullptr) {
    ++stats_.stale;
    return true;
  }
  message.body_to_header(word_size);
  message.drop_header();
  survey->on_answer(message);
  return true;
}

}  // namespace spool::protocols
