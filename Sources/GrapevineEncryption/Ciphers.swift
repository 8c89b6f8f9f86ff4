#if Encryption
  internal import Crypto
  internal import Grapevine

  /// AES-256-GCM with a derived key.
  struct AESCipher: PacketCipher {
    let key: SymmetricKey

    func seal(
      _ plain: Span<UInt8>,
      number: UInt64,
      authenticating head: Span<UInt8>,
      into bytes: inout [UInt8]
    ) -> Bool {
      let box = plain.withUnsafeBytes { plain in
        head.withUnsafeBytes { head in
          try? AES.GCM.seal(
            plain,
            using: key,
            nonce: Nonce.with(number) { nonce in try AES.GCM.Nonce(data: nonce) },
            authenticating: head
          )
        }
      }
      // One copy of both is cheaper than one of each.
      guard let combined = box?.combined else { return false }
      bytes.append(contentsOf: combined.dropFirst(Nonce.size))
      return true
    }

    func open(
      _ sealed: Span<UInt8>,
      number: UInt64,
      authenticating head: Span<UInt8>,
      into bytes: inout [UInt8]
    ) -> Bool {
      guard sealed.count >= Self.tagSize else { return false }
      let plain = sealed.withUnsafeBytes { sealed in
        head.withUnsafeBytes { head in
          Nonce.with(number, before: sealed) { combined in
            let box = try? AES.GCM.SealedBox(combined: combined)
            return box.flatMap { try? AES.GCM.open($0, using: key, authenticating: head) }
          }
        }
      }
      guard let plain else { return false }
      bytes.append(contentsOf: plain)
      return true
    }
  }

  /// ChaCha20-Poly1305 with a derived key.
  struct ChaChaCipher: PacketCipher {
    let key: SymmetricKey

    func seal(
      _ plain: Span<UInt8>,
      number: UInt64,
      authenticating head: Span<UInt8>,
      into bytes: inout [UInt8]
    ) -> Bool {
      let box = plain.withUnsafeBytes { plain in
        head.withUnsafeBytes { head in
          try? ChaChaPoly.seal(
            plain,
            using: key,
            nonce: Nonce.with(number) { nonce in try ChaChaPoly.Nonce(data: nonce) },
            authenticating: head
          )
        }
      }
      // One copy of both is cheaper than one of each.
      guard let combined = box?.combined else { return false }
      bytes.append(contentsOf: combined.dropFirst(Nonce.size))
      return true
    }

    func open(
      _ sealed: Span<UInt8>,
      number: UInt64,
      authenticating head: Span<UInt8>,
      into bytes: inout [UInt8]
    ) -> Bool {
      guard sealed.count >= Self.tagSize else { return false }
      let plain = sealed.withUnsafeBytes { sealed in
        head.withUnsafeBytes { head in
          Nonce.with(number, before: sealed) { combined in
            let box = try? ChaChaPoly.SealedBox(combined: combined)
            return box.flatMap { try? ChaChaPoly.open($0, using: key, authenticating: head) }
          }
        }
      }
      guard let plain else { return false }
      bytes.append(contentsOf: plain)
      return true
    }
  }

  /// The nonce of a number: four zeros, and the number in network order.
  private enum Nonce {
    static let size = 12

    static func with<Result>(
      _ number: UInt64,
      _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
      let words = (
        UInt32(0),
        UInt32(truncatingIfNeeded: number >> 32).bigEndian,
        UInt32(truncatingIfNeeded: number).bigEndian
      )
      return try withUnsafeBytes(of: words, body)
    }

    /// Lends the nonce with `sealed` behind it: a box of one piece is cheaper than one of parts.
    static func with<Result>(
      _ number: UInt64,
      before sealed: UnsafeRawBufferPointer,
      _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
      withUnsafeTemporaryAllocation(byteCount: size + sealed.count, alignment: 1) { room in
        with(number) { nonce in room.copyMemory(from: nonce) }
        UnsafeMutableRawBufferPointer(rebasing: room[size...]).copyMemory(from: sealed)
        return body(UnsafeRawBufferPointer(room))
      }
    }
  }
#endif
