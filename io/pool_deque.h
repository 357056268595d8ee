// PoolDeque<T>: a queue whose storage comes from the message pool, block by block. Empty, it owns
// nothing: an idle connection costs no queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "spool/io/message_pool.h"

namespace spool::io {

// Owns its items. push_back can fail (no memory); everything else cannot.
template <typename T>
class PoolDeque {
 public:
  explicit PoolDeque(MessagePool& pool) noexcept : pool_(&pool) {}
  PoolDeque(const PoolDeque&) = delete;
  PoolDeque& operator=(const PoolDeque&) = delete;
  ~PoolDeque() { clear(); }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& front() noexcept { return *head_->item(head_->first); }
  [[nodiscard]] T& back() noexcept { return *tail_->item(tail_->last - 1); }

  // False without memory; `item` is unchanged then.
  [[nodiscard]] bool push_back(T&& item) noexcept {
    if (tail_ == nullptr || tail_->last == tail_->capacity) {
      if (!add_node()) return false;
    }
    new (tail_->item(tail_->last)) T(std::move(item));
    ++tail_->last;
    ++size_;
    return true;
  }
  void pop_front() noexcept {
    Node* node = head_;
    node->item(node->first)->~T();
    ++node->first;
    --size_;
    if (node->first == node->last) drop_head();
  }
  void clear() noexcept {
    while (!empty()) pop_front();
  }

  // Removes the items of which fn(item) says true; the others keep their order. Asks once for each,
  // from the front.
  template <typename Fn>
  void remove_if(Fn&& fn) noexcept {
    Node* to = head_;  // where the next one that stays goes
    std::uint32_t index = to == nullptr ? 0 : to->first;
    std::size_t kept = 0;
    each([&](T& item) {
      if (fn(item)) return true;
      if (index == to->last) {
        to = to->next;
        index = to->first;
      }
      T* place = to->item(index++);
      if (place != &item) *place = std::move(item);
      ++kept;
      return true;
    });
    if (kept == 0) return clear();
    while (to->next != nullptr) drop_next(to);
    while (to->last != index) to->item(--to->last)->~T();
    tail_ = to;
    size_ = kept;
  }

  // Calls fn(item) from the front until it returns false.
  template <typename Fn>
  void each(Fn&& fn) noexcept {
    for (Node* node = head_; node != nullptr; node = node->next)
      for (std::uint32_t i = node->first; i < node->last; ++i)
        if (!fn(*node->item(i))) return;
  }

 private:
  struct Node {
    Message storage;  // the block that this node lies in
    Node* next;
    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t capacity;

    T* item(std::uint32_t index) noexcept {
      return std::launder(reinterpret_cast<T*>(this + 1) + index);
    }
  };
  static_assert(alignof(T) <= alignof(Node));

  // Starts small (an interactive peer has one message on the way), then takes larger steps.
  bool add_node() noexcept {
    const std::size_t bytes = head_ == nullptr ? 256 : 4096;
    Result<Message> storage = pool_->make(bytes);
    if (!storage.ok()) return false;
    std::byte* start = storage->mutable_body().data();
    const std::size_t capacity = (bytes - sizeof(Node)) / sizeof(T);
    Node* node = new (start)
        Node{std::move(storage).value(), nullptr, 0, 0, static_cast<std::uint32_t>(capacity)};
    if (tail_ == nullptr)
      head_ = node;
    else
      tail_->next = node;
    tail_ = node;
    return true;
  }
  void drop_head() noexcept {
    Node* node = head_;
    head_ = node->next;
    if (head_ == nullptr) tail_ = nullptr;
    free_node(node);
  }
  void drop_next(Node* node) noexcept {
    Node* next = node->next;
    node->next = next->next;
    for (std::uint32_t i = next->first; i < next->last; ++i) next->item(i)->~T();
    free_node(next);
  }
  static void free_node(Node* node) noexcept {
    Message storage = std::move(node->storage);
    node->~Node();
  }

  MessagePool* pool_;
  Node* head_ = nullptr;
  Node* tail_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace spool::io
