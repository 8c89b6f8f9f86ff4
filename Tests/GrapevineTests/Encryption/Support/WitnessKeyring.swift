import Grapevine
import GrapevineCore
import GrapevineTransport

/// Keys that note under which key and number anything is sealed: no two things may be.
final class WitnessKeyring: PacketSealer {
  struct Use: Hashable {
    let key: SealingKeyID
    let context: [UInt8]
    let number: UInt64
  }

  private let ring: any PacketSealer
  private let uses = Locked((all: Set<Use>(), repeated: [Use]()))

  init(_ ring: any PacketSealer) {
    self.ring = ring
  }

  /// How much was sealed.
  var count: Int { uses.withLock { $0.all.count } }
  /// What was sealed under a key and number that were used before.
  var repeated: [Use] { uses.withLock { $0.repeated } }

  var keys: SealingKeys { ring.keys }

  func observeKeys(_ body: @escaping @Sendable () -> Bool) { ring.observeKeys(body) }

  func makeCipher(for key: SealingKeyID, context: [UInt8]) -> (any PacketCipher)? {
    ring.makeCipher(for: key, context: context).map { cipher in
      WitnessCipher(cipher: cipher) { number in
        self.uses.withLock { uses in
          let use = Use(key: key, context: context, number: number)
          if !uses.all.insert(use).inserted { uses.repeated.append(use) }
        }
      }
    }
  }
}

private struct WitnessCipher: PacketCipher {
  let cipher: any PacketCipher
  let note: @Sendable (UInt64) -> Void

  func seal(
    _ plain: Span<UInt8>,
    number: UInt64,
    authenticating head: Span<UInt8>,
    into bytes: inout [UInt8]
  ) -> Bool {
    note(number)
    return cipher.seal(plain, number: number, authenticating: head, into: &bytes)
  }

  func open(
    _ sealed: Span<UInt8>,
    number: UInt64,
    authenticating head: Span<UInt8>,
    into bytes: inout [UInt8]
  ) -> Bool {
    cipher.open(sealed, number: number, authenticating: head, into: &bytes)
  }
}
