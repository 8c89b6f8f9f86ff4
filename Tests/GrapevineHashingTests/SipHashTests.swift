import GrapevineHashing
import Testing

/// Expected values: `siphash13` of PyPI's siphash24 package; the first is also in Rust's own tests.
@Suite struct `SipHash-1-3 hashes` {
  private let function = SipHash(key0: 0x0706_0504_0302_0100, key1: 0x0F0E_0D0C_0B0A_0908)

  @Test func `every length from 0 to 63 as the reference does`() {
    let bytes = (0..<64).map { UInt8($0) }
    #expect(hashes.count == bytes.count)
    for (length, expected) in hashes.enumerated() {
      #expect(function.hash(bytes, count: length) == expected, "\(length) bytes")
    }
  }

  @Test func `a range of a span as the same bytes alone`() {
    for length in 0..<64 {
      let bytes = [0xFF, 0xFF] + (0..<length).map { UInt8($0) } + [0xFF]
      #expect(function.hash(bytes.span, 2..<(2 + length)) == hashes[length], "\(length) bytes")
    }
  }

  @Test func `with the zero key as Python 3.11 does when its hash seed is 0`() {
    #expect(SipHash(key0: 0, key1: 0).hash(Array("abc".utf8), count: 3) == 0xC03B_C3A0_0426_30F2)
  }

  @Test func `differently under each half of the key`() {
    let bytes = Array("web-1".utf8)
    let hashes = [(0, 0), (0, 1), (1, 0), (1, 1)].map { low, high in
      SipHash(key0: low, key1: high).hash(bytes, count: bytes.count)
    }
    #expect(Set(hashes).count == 4)
  }
}

/// The hash of the bytes 0, 1, 2 … under the key 00 01 … 0F, by length.
private let hashes: [UInt64] = [
  0xABAC_0158_050F_C4DC, 0xC9F4_9BF3_7D57_CA93, 0x82CB_9B02_4DC7_D44D, 0x8BF8_0AB8_E7DD_F7FB,
  0xCF75_5760_88D3_8328, 0xDEF9_D52F_4953_3B67, 0xC50D_2B50_C59F_22A7, 0xD392_7D98_9BB1_1140,
  0x3690_9511_8D29_9A8E, 0x25A4_8EB3_6C06_3DE4, 0x79DE_85EE_92FF_097F, 0x70C1_18C1_F94D_C352,
  0x78A3_84B1_57B4_D9A2, 0x306F_760C_1229_FFA7, 0x605A_A111_C0F9_5D34, 0xD320_D86D_2A51_9956,
  0xCC4F_DD1A_7D90_8B66, 0x9CF2_6890_63DB_D80C, 0x8FFC_389C_B473_E63E, 0xF21F_9DE5_8D29_7D1C,
  0xC0DC_2F46_A6CC_E040, 0xB992_ABFE_2B45_F844, 0x7FFE_7B9B_A320_872E, 0x525A_0E7F_DAE6_C123,
  0xF464_AEB2_6734_9C8C, 0x45CD_5928_705B_0979, 0x3A3E_35E3_CA99_13A5, 0xA91D_C74E_4ADE_3B35,
  0xFB0B_ED02_EF6C_D00D, 0x88D9_3CB4_4AB1_E1F4, 0x540F_11D6_43C5_E663, 0x2370_DD1F_8C21_D1BC,
  0x8115_7B6C_16A7_B60D, 0x4D54_B9E5_7A8F_F9BF, 0x759F_1278_1F2A_753E, 0xCEA1_A3BE_BF18_6B91,
  0x2CF5_08D3_ADA2_6206, 0xB610_1C2D_A3C3_3057, 0xB3F4_7496_AE3A_36A1, 0x626B_5754_7B10_8392,
  0xC1D2_3632_99E4_1531, 0x667C_C192_3F1A_D944, 0x6570_4FFE_C813_8825, 0x24F2_80D1_C289_49A6,
  0xC2CA_1CED_FAF8_876B, 0xC216_4BFC_9F04_2196, 0xA16E_9C93_68B1_D623, 0x49FB_169C_8B51_14FD,
  0x9F31_43F8_DF07_4C46, 0xC6FD_AF24_12CC_86B3, 0x7EAF_49D1_0A52_098F, 0x1CF3_1355_9D29_2F9A,
  0xC44A_30DD_A2F4_1F12, 0x36FA_E989_43A7_1ED0, 0x318F_B34C_73F0_BCE6, 0xA27A_BF36_70A7_E980,
  0xB4BC_C0DB_243C_6D75, 0x23F8_D852_FDB7_1513, 0x8F03_5F4D_A67D_8A08, 0xD89C_D0E5_B7E8_F148,
  0xF6F4_E6BC_F7A6_44EE, 0xAEC5_9AD8_0F18_37F2, 0xC3B2_F615_4B66_94E0, 0x9D19_9062_B7BB_B3A8,
]
