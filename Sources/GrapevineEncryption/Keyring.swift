#if Encryption
  public import Grapevine
  internal import GrapevineTransport

  /// The keys of a cluster: any of them opens what comes, and the primary one seals what goes.
  ///
  /// A new key goes round in three steps, each at all nodes before the next: ``add(_:)``,
  /// ``use(_:)``, and ``remove(_:)`` of the old one. `Member.sealing` says of each member which
  /// keys it has and which it seals with, so that a tool knows when a step is done.
  ///
  /// A keyring can be changed by any thread at any time, and may serve several nodes. What it
  /// prints, and what its errors say, are the keys' numbers and never the keys.
  public final class Keyring: PacketSealer {
    /// The most keys of a ring.
    public static let limit = 16

    private let state: Locked<State>

    private struct State {
      var keys: [SealingKey]
      var primary: SealingKeyID
      var observers: [(number: Int, body: @Sendable () -> Bool)] = []
      var nextObserver = 0

      var all: SealingKeys { SealingKeys(primary: primary, all: keys.map(\.id)) }
    }

    /// Creates a ring that seals with `primary`, and opens with that and `others`.
    ///
    /// - Throws: ``KeyringError``, `duplicate` or `tooManyKeys`.
    public init(_ primary: SealingKey, others: [SealingKey] = []) throws(KeyringError) {
      state = Locked(State(keys: [primary], primary: primary.id))
      for key in others { try add(key) }
    }

    /// The numbers of the keys.
    public var keys: SealingKeys { state.withLock { $0.all } }
  }

  extension Keyring {
    /// Adds a key, which opens from now on.
    ///
    /// - Throws: ``KeyringError``, `duplicate` or `tooManyKeys`; then nothing has changed.
    public func add(_ key: SealingKey) throws(KeyringError) {
      try change { (state) throws(KeyringError) in
        guard !state.keys.contains(where: { $0.id == key.id }) else { throw .duplicate(key.id) }
        guard state.keys.count < Self.limit else { throw .tooManyKeys(limit: Self.limit) }
        state.keys.append(key)
      }
    }

    /// Seals with the key of this number from now on.
    ///
    /// - Throws: ``KeyringError``, `unknown`; then nothing has changed.
    public func use(_ id: SealingKeyID) throws(KeyringError) {
      try change { (state) throws(KeyringError) in
        guard state.keys.contains(where: { $0.id == id }) else { throw .unknown(id) }
        state.primary = id
      }
    }

    /// Forgets the key of this number; what is sealed with it is refused from now on, and streams
    /// that are under way with it end.
    ///
    /// - Throws: ``KeyringError``, `unknown`, or `isPrimary` for the key that seals, which is also
    ///   the last one where there is no other; then nothing has changed.
    public func remove(_ id: SealingKeyID) throws(KeyringError) {
      try change { (state) throws(KeyringError) in
        guard let index = state.keys.firstIndex(where: { $0.id == id }) else { throw .unknown(id) }
        guard state.primary != id else { throw .isPrimary(id) }
        state.keys.remove(at: index)
      }
    }

    /// Changes the keys, and tells the observers if it came to that.
    private func change(_ body: (inout State) throws(KeyringError) -> Void) throws(KeyringError) {
      let observers = try state.withLock { (state) throws(KeyringError) in
        let before = state.all
        try body(&state)
        return state.all == before ? [] : state.observers
      }
      let ended = observers.filter { !$0.body() }.map(\.number)
      guard !ended.isEmpty else { return }
      state.withLock { state in state.observers.removeAll { ended.contains($0.number) } }
    }

    /// Has `body` called after each change, on the thread that makes it, until it returns false.
    public func observeKeys(_ body: @escaping @Sendable () -> Bool) {
      state.withLock { state in
        state.observers.append((state.nextObserver, body))
        state.nextObserver += 1
      }
    }

    /// Derives a cipher by HKDF-SHA256; nil if the ring has no such key.
    public func makeCipher(for key: SealingKeyID, context: [UInt8]) -> (any PacketCipher)? {
      let found = state.withLock { state in state.keys.first { $0.id == key } }
      return found?.makeCipher(context: context)
    }
  }

  extension Keyring: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The number of the primary key, and of the others.
    public var description: String {
      let keys = keys
      return "keys \(keys.all), primary \(keys.primary)"
    }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows the numbers and nothing else.
    public var customMirror: Mirror {
      let keys = keys
      return Mirror(self, children: ["primary": keys.primary, "all": keys.all])
    }
  }
#endif
