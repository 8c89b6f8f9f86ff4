internal import CGrapevineLinux
internal import Glibc

/// What a client wants to hear about a descriptor; its bits are those of ``Readiness``.
package struct Interest: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let readable = Interest(rawValue: 1)
  package static let writable = Interest(rawValue: 2)
}

/// What a descriptor is ready for.
package struct Readiness: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let readable = Readiness(rawValue: 1)
  package static let writable = Readiness(rawValue: 2)
  /// An error waits, or both directions have ended; reading tells which.
  package static let failed = Readiness(rawValue: 4)
}

/// What stands for one registration of one descriptor.
///
/// The kernel gives it back with each event. Descriptor numbers are used again as soon as they are
/// closed, these never: an event that was on its way while its descriptor was closed finds nobody.
package struct RegistrationID: Hashable, Sendable {
  let rawValue: UInt64

  init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  init(slot: Int, generation: UInt32) {
    rawValue = UInt64(generation) << 32 | UInt64(slot)
  }

  var slot: Int { Int(rawValue & 0xFFFF_FFFF) }
  var generation: UInt32 { UInt32(rawValue >> 32) }
}

/// An epoll instance.
struct Epoll: ~Copyable, Sendable {
  private let descriptor: Descriptor

  init() throws(SystemError) {
    descriptor = try System.makeEpoll()
  }

  /// Watches a descriptor; an interest that holds is told again and again.
  borrowing func add(
    _ watched: borrowing Descriptor,
    _ interest: Interest,
    as id: RegistrationID
  ) throws(SystemError) {
    try control(EPOLL_CTL_ADD, watched.rawValue, interest.events, id)
  }

  /// Watches a counter or timer, telling each new signal once, so that it need not be read.
  borrowing func addSignal(
    _ watched: borrowing Descriptor,
    as id: RegistrationID
  ) throws(SystemError) {
    try control(EPOLL_CTL_ADD, watched.rawValue, EPOLLIN.rawValue | EPOLLET.rawValue, id)
  }

  /// Watches another instance, telling again and again while it has something to tell.
  borrowing func add(
    _ other: borrowing Epoll,
    as id: RegistrationID
  ) throws(SystemError) {
    try control(EPOLL_CTL_ADD, other.descriptor.rawValue, EPOLLIN.rawValue, id)
  }

  /// Changes what is watched for.
  borrowing func modify(
    _ watched: borrowing Descriptor,
    _ interest: Interest,
    as id: RegistrationID
  ) throws(SystemError) {
    try control(EPOLL_CTL_MOD, watched.rawValue, interest.events, id)
  }

  /// Stops watching.
  borrowing func remove(_ watched: borrowing Descriptor, _ id: RegistrationID) throws(SystemError) {
    try control(EPOLL_CTL_DEL, watched.rawValue, 0, id)
  }

  /// Fills `events`, waiting for the first if `mayBlock`; returns how many there are.
  borrowing func wait(
    into events: UnsafeMutableBufferPointer<epoll_event>,
    mayBlock: Bool
  ) throws(SystemError) -> Int {
    try System.wait(descriptor, into: events, mayBlock: mayBlock)
  }

  private borrowing func control(
    _ action: CInt,
    _ watched: CInt,
    _ events: UInt32,
    _ id: RegistrationID
  ) throws(SystemError) {
    let event = epoll_event(events: events, data: epoll_data_t(u64: id.rawValue))
    try System.control(descriptor, action, watched, event)
  }
}

extension Interest {
  fileprivate var events: UInt32 {
    (contains(.readable) ? EPOLLIN.rawValue : 0) | (contains(.writable) ? EPOLLOUT.rawValue : 0)
  }
}

extension Readiness {
  init(_ event: epoll_event) {
    var readiness: Readiness = []
    if event.events & EPOLLIN.rawValue != 0 { readiness.insert(.readable) }
    if event.events & EPOLLOUT.rawValue != 0 { readiness.insert(.writable) }
    if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness.insert(.failed) }
    self = readiness
  }
}
