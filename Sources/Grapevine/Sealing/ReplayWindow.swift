/// The numbers that have come of one session: which of the last ``size``, and that those before are
/// refused.
package struct ReplayWindow: Sendable {
  /// How far a packet may lag behind the latest one and is still taken.
  package static let size: UInt64 = 1_024

  /// The lowest number that is above all that have come; 0 if none has.
  private var end: UInt64 = 0
  /// A bit for each number modulo the size.
  private var bits = [UInt64](repeating: 0, count: Int(size / 64))

  package init() {}

  /// Says whether the number has not come yet, as far as that is known.
  package func isFresh(_ number: UInt64) -> Bool {
    guard number < end else { return number < .max }
    guard end - number <= Self.size else { return false }
    return bits[Self.word(number)] & Self.bit(number) == 0
  }

  /// Notes that the number, which must be fresh, has come.
  package mutating func insert(_ number: UInt64) {
    precondition(isFresh(number), "\(number) comes again")
    if number >= end {
      if number - end >= Self.size {
        for index in bits.indices { bits[index] = 0 }
      } else {
        // Their places were those of numbers that are too old from now on.
        for skipped in end..<number { bits[Self.word(skipped)] &= ~Self.bit(skipped) }
      }
      end = number + 1
    }
    bits[Self.word(number)] |= Self.bit(number)
  }

  private static func word(_ number: UInt64) -> Int { Int(number % size / 64) }
  private static func bit(_ number: UInt64) -> UInt64 { 1 << (number % 64) }
}
