/** @file
 * @brief Header fields: the ranges that come out and the lists that go in.
 */

#ifndef HTTPCLIENT_FIELDS_HPP
#define HTTPCLIENT_FIELDS_HPP

#include "detail.hpp"

#include <cstddef>
#include <initializer_list>
#include <iterator>

namespace httpclient {

/// A header field: `for (auto [name, value] : response.headers())`.
struct field {
    std::string_view name;
    std::string_view value;
};

inline bool operator==(const field &a, const field &b) noexcept {
    return a.name == b.name && a.value == b.value;
}

inline bool operator!=(const field &a, const field &b) noexcept { return !(a == b); }

namespace detail {

inline field field_of(const hc_header &h) noexcept {
    return {bytes(h.name, h.name_len), bytes(h.value, h.value_len)};
}

} // namespace detail

/// Fields of a handle, in the order of the wire. It is a view: the handle has to live.
class field_range {
  public:
    using at_fn = hc_status (*)(const void *handle, std::size_t index, hc_header *out);

    class iterator {
      public:
        // Its fields are made when they are asked for, so it is an input iterator to C++17 and a
        // random access iterator to C++20.
        using iterator_category = std::input_iterator_tag;
        using iterator_concept = std::random_access_iterator_tag;
        using value_type = field;
        using difference_type = std::ptrdiff_t;
        using reference = field;
        struct pointer {
            field it;
            const field *operator->() const noexcept { return &it; }
        };

        iterator() noexcept = default;
        iterator(const field_range *range, std::size_t index) noexcept
            : handle_(range->handle_), at_(range->at_), index_(index) {}
        field operator*() const noexcept { return get(handle_, at_, index_); }
        pointer operator->() const noexcept { return {**this}; }
        field operator[](difference_type n) const noexcept { return *(*this + n); }
        iterator &operator++() noexcept { return *this += 1; }
        iterator operator++(int) noexcept { return moved(1); }
        iterator &operator--() noexcept { return *this -= 1; }
        iterator operator--(int) noexcept { return moved(-1); }
        iterator &operator+=(difference_type n) noexcept {
            index_ = static_cast<std::size_t>(static_cast<difference_type>(index_) + n);
            return *this;
        }
        iterator &operator-=(difference_type n) noexcept { return *this += -n; }
        friend iterator operator+(iterator a, difference_type n) noexcept { return a += n; }
        friend iterator operator+(difference_type n, iterator a) noexcept { return a += n; }
        friend iterator operator-(iterator a, difference_type n) noexcept { return a -= n; }
        friend difference_type operator-(const iterator &a, const iterator &b) noexcept {
            return static_cast<difference_type>(a.index_) - static_cast<difference_type>(b.index_);
        }
        friend bool operator==(const iterator &a, const iterator &b) noexcept {
            return a.index_ == b.index_;
        }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept { return !(a == b); }
        friend bool operator<(const iterator &a, const iterator &b) noexcept {
            return a.index_ < b.index_;
        }
        friend bool operator>(const iterator &a, const iterator &b) noexcept { return b < a; }
        friend bool operator<=(const iterator &a, const iterator &b) noexcept { return !(b < a); }
        friend bool operator>=(const iterator &a, const iterator &b) noexcept { return !(a < b); }

      private:
        iterator moved(difference_type n) noexcept {
            iterator before = *this;
            *this += n;
            return before;
        }
        const void *handle_ = nullptr;
        at_fn at_ = nullptr;
        std::size_t index_ = 0;
    };
    using const_iterator = iterator;
    using value_type = field;

    field_range(const void *handle, at_fn at, std::size_t count) noexcept
        : handle_(handle), at_(at), count_(count) {}
    iterator begin() const noexcept { return {this, 0}; }
    iterator end() const noexcept { return {this, count_}; }
    std::size_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }
    /// Empty for an index that is too large.
    field operator[](std::size_t index) const noexcept { return get(handle_, at_, index); }

  private:
    static field get(const void *handle, at_fn at, std::size_t index) noexcept {
        hc_header h{};
        if (at == nullptr || at(handle, index, &h) != HC_OK) return {};
        return detail::field_of(h);
    }
    const void *handle_;
    at_fn at_;
    std::size_t count_;
};

/// Fields for a request: a braced list, or whatever has data() and size() of field. A view, to be
/// used as an argument.
class fields {
  public:
    fields() noexcept = default;
    fields(std::initializer_list<field> list) noexcept : size_(list.size()) {
        data_ = list.begin();
    }
    template <class C,
              class = decltype(static_cast<const field *>(std::declval<const C &>().data()))>
    fields(const C &container) noexcept : data_(container.data()), size_(container.size()) {}
    /// Those of a message, until it is changed; throws when it has no handle.
    template <class M, class = decltype(std::declval<M &>().list().raw()), class = void>
    fields(M &message) : fields(message.list()) {}
    /// As C has them.
    fields(const hc_header *raw, std::size_t count) noexcept : raw_(raw), size_(count) {}

    const field *data() const noexcept { return data_; }
    const hc_header *raw() const noexcept { return raw_; }
    std::size_t size() const noexcept { return size_; }

  private:
    const field *data_ = nullptr;
    const hc_header *raw_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {

inline hc_header header_of(std::string_view name, std::string_view value) noexcept {
    // A pointer that is not NULL, also for a value that is not there.
    return {name.data() != nullptr ? name.data() : "", name.size(),
            value.data() != nullptr ? value.data() : "", value.size()};
}

/// Fields as C wants them. Sixteen need no memory.
class c_fields {
  public:
    explicit c_fields(const fields &list) : data_(list.raw()), size_(list.size()) {
        if (data_ != nullptr || size_ == 0) return;
        hc_header *place = small_.data();
        if (size_ > small_.size()) {
            large_.resize(size_);
            place = large_.data();
        }
        data_ = place;
        for (std::size_t i = 0; i < size_; i++)
            place[i] = header_of(list.data()[i].name, list.data()[i].value);
    }
    c_fields(const c_fields &) = delete;
    c_fields &operator=(const c_fields &) = delete;
    const hc_header *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    const hc_header *data_;
    std::size_t size_;
    std::array<hc_header, 16> small_;
    std::vector<hc_header> large_;
};

} // namespace detail
} // namespace httpclient

#endif
