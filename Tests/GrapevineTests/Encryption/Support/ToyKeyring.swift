import Grapevine
import GrapevineCore
import GrapevineHashing
import GrapevineTransport

#if Encryption
  import GrapevineEncryption

  /// The keys that the tests of sealing are made with.
  typealias TestKeyring = Keyring
  typealias TestKey = SealingKey
#else
  typealias TestKeyring = ToyKeyring
  typealias TestKey = ToyKey
#endif

/// A key of the toy.
struct ToyKey: Sendable {
  let id: SealingKeyID
  let secret: UInt64

  static func random() -> ToyKey {
    let secret = SecureRandom.number()
    let id = SipHash(key0: secret, key1: 1).hash([], count: 0)
    return ToyKey(id: SealingKeyID(rawValue: UInt32(truncatingIfNeeded: id)), secret: secret)
  }
}

/// Keys whose cipher nobody should trust: it is there for tests in builds without any other.
final class ToyKeyring: PacketSealer {
  private let state: Locked<State>

  private struct State {
    var keys: [ToyKey]
    var primary: SealingKeyID
    var observers: [@Sendable () -> Bool] = []
  }

  init(_ primary: ToyKey, others: [ToyKey] = []) throws {
    state = Locked(State(keys: [primary], primary: primary.id))
    for key in others { try add(key) }
  }

  var keys: SealingKeys {
    state.withLock { SealingKeys(primary: $0.primary, all: $0.keys.map(\.id)) }
  }

  func add(_ key: ToyKey) throws { change { $0.keys.append(key) } }
  func use(_ id: SealingKeyID) throws { change { $0.primary = id } }
  func remove(_ id: SealingKeyID) throws { change { $0.keys.removeAll { $0.id == id } } }

  private func change(_ body: (inout State) -> Void) {
    let observers = state.withLock { state in
      body(&state)
      return state.observers
    }
    for observer in observers { _ = observer() }
  }

  func observeKeys(_ body: @escaping @Sendable () -> Bool) {
    state.withLock { $0.observers.append(body) }
  }

  func makeCipher(for key: SealingKeyID, context: [UInt8]) -> (any PacketCipher)? {
    let found = state.withLock { state in state.keys.first { $0.id == key } }
    return found.map { ToyCipher(key: $0.secret, context: context) }
  }
}

private struct ToyCipher: PacketCipher {
  private let hash: SipHash

  init(key: UInt64, context: [UInt8]) {
    let first = SipHash(key0: key, key1: 2).hash(context, count: context.count)
    hash = SipHash(key0: first, key1: key)
  }

  func seal(
    _ plain: Span<UInt8>,
    number: UInt64,
    authenticating head: Span<UInt8>,
    into bytes: inout [UInt8]
  ) -> Bool {
    let start = bytes.count
    combine(plain, number, into: &bytes)
    bytes += tag(bytes.span.extracting(start...), number, head)
    return true
  }

  func open(
    _ sealed: Span<UInt8>,
    number: UInt64,
    authenticating head: Span<UInt8>,
    into bytes: inout [UInt8]
  ) -> Bool {
    let end = sealed.count - Self.tagSize
    guard end >= 0 else { return false }
    let expected = tag(sealed.extracting(..<end), number, head)
    guard expected == copy(sealed, end..<sealed.count) else { return false }
    combine(sealed.extracting(..<end), number, into: &bytes)
    return true
  }

  private func combine(_ input: Span<UInt8>, _ number: UInt64, into bytes: inout [UInt8]) {
    var seed: [UInt8] = []
    seed.appendFixed(number, size: 8)
    var stream = Xoshiro256(seed: hash.hash(seed, count: 8))
    for index in input.indices {
      bytes.append(input[index] ^ UInt8(truncatingIfNeeded: stream.next() >> 56))
    }
  }

  private func tag(_ sealed: Span<UInt8>, _ number: UInt64, _ head: Span<UInt8>) -> [UInt8] {
    var bytes = copy(head, 0..<head.count)
    bytes += copy(sealed, 0..<sealed.count)
    bytes.appendFixed(number, size: 8)
    bytes.appendFixed(UInt64(head.count), size: 8)
    var tag: [UInt8] = []
    for _ in 0..<2 {
      tag.appendFixed(hash.hash(bytes, count: bytes.count), size: 8)
      bytes.append(1)
    }
    return tag
  }
}
