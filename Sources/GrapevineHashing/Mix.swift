/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection that spreads every bit.
@inlinable
public func mix64(_ value: UInt64) -> UInt64 {
  var result = value
  result = (result ^ (result >> 30)) &* 0xBF58_476D_1CE4_E5B9
  result = (result ^ (result >> 27)) &* 0x94D0_49BB_1331_11EB
  return result ^ (result >> 31)
}

/// Mixes two words into one; the order of the two matters.
@inlinable
public func mix64(_ first: UInt64, _ second: UInt64) -> UInt64 {
  mix64(mix64(first &+ 0x9E37_79B9_7F4A_7C15) ^ second)
}
