// List<T, Tag>: a doubly linked list through its members. O(1) everything, no allocation, and a
// member that is destroyed while linked aborts instead of leaving a stale pointer.
#pragma once

#include <cstddef>

#include "spool/loop/assert.h"

namespace spool::loop {

// Base of anything that can be in a list of kind Tag. One object has one link per Tag.
template <typename Tag>
class Link {
 public:
  Link() noexcept = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { SPOOL_ASSERT(!linked()); }

  [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }
  // Leaves whatever list it is in; nothing happens when it is in none.
  void unlink() noexcept {
    if (!linked()) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = nullptr;
  }

 private:
  template <typename T, typename U>
  friend class List;
  Link* prev_ = nullptr;
  Link* next_ = nullptr;
};

// Owns nothing: its members belong to somebody else.
template <typename T, typename Tag>
class List {
  using Node = Link<Tag>;

 public:
  List() noexcept { head_.prev_ = head_.next_ = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    SPOOL_ASSERT(empty());
    head_.prev_ = head_.next_ = nullptr;
  }

  [[nodiscard]] bool empty() const noexcept { return head_.next_ == &head_; }
  [[nodiscard]] T* front() const noexcept { return empty() ? nullptr : cast(head_.next_); }
  // The member behind `item`, or null at the end. Take it before `item` may leave the list.
  [[nodiscard]] T* next(T& item) const noexcept {
    Node* node = static_cast<Node&>(item).next_;
    return node == &head_ ? nullptr : cast(node);
  }
  void push_back(T& item) noexcept { insert(item, *head_.prev_, head_); }
  void push_front(T& item) noexcept { insert(item, head_, *head_.next_); }
  T* pop_front() noexcept {
    T* item = front();
    if (item != nullptr) static_cast<Node*>(item)->unlink();
    return item;
  }
  // Moves all of `other` behind what is here, in O(1).
  void splice_back(List& other) noexcept {
    if (other.empty()) return;
    Node* first = other.head_.next_;
    Node* last = other.head_.prev_;
    other.head_.prev_ = other.head_.next_ = &other.head_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
  }

 private:
  static T* cast(Node* node) noexcept { return static_cast<T*>(node); }
  static void insert(T& item, Node& before, Node& after) noexcept {
    Node& node = item;
    SPOOL_ASSERT(!node.linked());
    node.prev_ = &before;
    node.next_ = &after;
    before.next_ = &node;
    after.prev_ = &node;
  }
  Node head_;
};

}  // namespace spool::loop
