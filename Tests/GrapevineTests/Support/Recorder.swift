import Grapevine
import GrapevineTransport

/// A watcher that notes all that it is told, through every method that a watcher has.
final class Recorder: Watcher {
  private let notes = Locked<[Notice]>([])
  private let beforeNoting: @Sendable (Notice) -> Void

  init(beforeNoting: @escaping @Sendable (Notice) -> Void = { _ in }) {
    self.beforeNoting = beforeNoting
  }

  var notices: [Notice] { notes.withLock { $0 } }

  var events: [Event] {
    notices.compactMap { if case .event(let event) = $0 { event } else { nil } }
  }

  var conflicts: [MemberID] {
    events.compactMap { if case .nameConflict(_, let rival, _) = $0 { rival } else { nil } }
  }

  private func note(_ notice: Notice) {
    beforeNoting(notice)
    notes.withLock { $0.append(notice) }
  }

  func didJoin(_ member: MemberID) { note(.event(.joined(member))) }
  func didBeginToLeave(_ member: MemberID) { note(.event(.leaving(member))) }
  func didLeave(_ member: MemberID) { note(.event(.left(member))) }
  func didGoDown(_ member: MemberID) { note(.event(.down(member))) }
  func didComeUp(_ member: MemberID) { note(.event(.up(member))) }
  func didSet(_ entry: Entry, of member: MemberID) { note(.event(.keySet(member, entry))) }
  func didDelete(_ key: String, version: Version, of member: MemberID) {
    note(.event(.keyDeleted(member, key: key, version: version)))
  }
  func didExpire(_ member: MemberID) { note(.event(.expired(member))) }
  func didReplace(_ old: MemberID, by new: MemberID) { note(.event(.replaced(old, by: new))) }
  func didFindNameConflict(with rival: MemberID, at address: Endpoint) {
    // A watcher is not told whose name it is: it knows its node.
    let own = MemberID(name: "", generation: 0)
    note(.event(.nameConflict(own: own, rival: rival, address: address)))
  }
  func didMiss(_ count: Int, members: [Member]) { note(.missed(count: count, members: members)) }
}

/// What a reader who was told `members` and then `notices` holds of the other members' live keys.
struct Mirror: Equatable {
  private(set) var keys: [String: [String: [UInt8]]] = [:]
  /// Events that told nothing new: a reader who is told each thing once sees none.
  private(set) var repetitions: [Event] = []
  private var versions: [String: Version] = [:]

  init(_ members: [Member], _ notices: [Notice] = []) {
    start(from: members)
    for notice in notices { apply(notice) }
  }

  mutating func apply(_ notice: Notice) {
    switch notice {
    case .missed(_, let members): start(from: members)
    case .event(let event): apply(event)
    }
  }

  private mutating func start(from members: [Member]) {
    keys = [:]
    versions = [:]
    for member in members where !member.isSelf {
      versions[member.name] = member.version
      let live = member.entries
      keys[member.name] = Dictionary(uniqueKeysWithValues: live.map { ($0.key, $0.value) })
    }
  }

  private mutating func apply(_ event: Event) {
    switch event {
    case .joined(let id), .replaced(_, by: let id):
      if keys[id.name] != nil, case .joined = event { repetitions.append(event) }
      keys[id.name] = [:]
      versions[id.name] = 0
    case .keySet(let id, let entry):
      note(entry.version, of: id, event)
      keys[id.name, default: [:]][entry.key] = entry.value
    case .keyDeleted(let id, let key, let version):
      note(version, of: id, event)
      keys[id.name]?[key] = nil
    case .expired(let id):
      keys[id.name] = nil
      versions[id.name] = nil
    case .leaving, .left, .down, .up, .nameConflict: break
    }
  }

  private mutating func note(_ version: Version, of id: MemberID, _ event: Event) {
    if version <= versions[id.name] ?? 0 { repetitions.append(event) }
    versions[id.name] = version
  }

  static func == (first: Mirror, second: Mirror) -> Bool { first.keys == second.keys }
}
