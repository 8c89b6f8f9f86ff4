package import GrapevineCore

/// The sessions of others from which something authentic has come, each with the numbers that came.
///
/// It holds at most ``limit``, and forgets those that were silent while half as many others spoke.
package struct PeerSessions {
  package static let limit = 8_192

  package struct Name: Hashable {
    package let sender: MemberKey
    package let session: UInt64

    package init(_ head: SealHead) {
      sender = head.sender
      session = head.session
    }
  }

  /// What is known of a session.
  package final class Session {
    /// Packets and streams are counted apart: a stream that takes its time to come is not behind
    /// because of the packets meanwhile.
    var packets = ReplayWindow()
    var streams = ReplayWindow()
    /// What opens its packets, by the key in use; rarely more than one.
    var ciphers: [(key: SealingKeyID, cipher: any PacketCipher)] = []

    package init() {}
  }

  private var young: [Name: Session] = [:]
  private var old: [Name: Session] = [:]

  package init() {}

  package var count: Int { young.count + old.count }

  /// The session of this name; nil if nothing authentic has come of it, or it is forgotten.
  ///
  /// To ask for one does not keep it: whoever can send a packet can ask.
  package func find(_ name: Name) -> Session? { young[name] ?? old[name] }

  /// Remembers a session from which something authentic has come just now.
  package mutating func note(_ session: Session, _ name: Name) {
    guard young[name] == nil else { return }
    old[name] = nil
    if young.count >= Self.limit / 2 {
      old = young
      young = [:]
    }
    young[name] = session
  }
}

extension PeerSessions.Session {
  /// What opens packets that were sealed with this key, if it was used before.
  func cipher(_ key: SealingKeyID) -> (any PacketCipher)? {
    ciphers.first { $0.key == key }?.cipher
  }

  /// Keeps a cipher, and lets go of those whose keys are there no more.
  func keep(_ cipher: any PacketCipher, _ key: SealingKeyID, _ keys: SealingKeys) {
    ciphers.removeAll { $0.key == key || !keys.all.contains($0.key) }
    ciphers.append((key, cipher))
  }
}
