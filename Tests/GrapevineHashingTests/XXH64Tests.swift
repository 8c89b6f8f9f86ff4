import GrapevineHashing
import Testing

/// Expected values: the reference implementation in C (0.8), through its Python binding.
@Suite struct `XXH64 hashes` {
  @Test(arguments: [
    ("", 0xEF46_DB37_51D8_E999),
    ("a", 0xD24E_C4F1_A98C_6E5B),
    ("abc", 0x44BC_2CF5_AD77_0999),
  ])
  func `text as published`(text: String, expected: UInt64) {
    #expect(XXH64.hash(text.utf8) == expected)
  }

  @Test func `every length from 0 to 100 as the reference does`() {
    #expect(unseeded.count == 101)
    for (length, expected) in unseeded.enumerated() {
      #expect(XXH64.hash(message(length)) == expected, "\(length) bytes")
    }
  }

  @Test(arguments: seeded)
  func `with a seed as the reference does`(seed: UInt64, hashes: [UInt64]) {
    #expect(hashes.count == lengths.count)
    for (length, expected) in zip(lengths, hashes) {
      #expect(XXH64.hash(message(length), seed: seed) == expected, "\(length) bytes")
    }
  }

  @Test func `bytes the same however they are stored`() {
    for length in lengths {
      let bytes = message(length)
      let padded = [0xFF] + bytes + [0xFF]
      #expect(XXH64.hash(padded[1..<(1 + length)]) == unseeded[length])
      #expect(XXH64.hash(AnySequence(bytes)) == unseeded[length])
      #expect(XXH64.hash(bytes.lazy.map { $0 }) == unseeded[length])
    }
  }

  @Test func `up to 16 bytes of two words as the same bytes`() {
    for length in 0...16 {
      // What lies beyond the bytes is not looked at.
      let words = [0, 8].map { offset in
        (message(length) + [UInt8](repeating: 0xFF, count: 16))[offset..<offset + 8]
          .reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      }
      #expect(XXH64.hash(words[0], words[1], count: length) == unseeded[length], "\(length)")
    }
  }

  @Test func `a stream after each of the bytes from 0 on`() {
    for length in [0, 5, 31, 32, 40] {
      var stream = XXH64.Stream()
      stream.append(contentsOf: message(length))
      var hashes: [UInt64] = [1]
      stream.appendNumbers(300, into: &hashes)
      let numbers = (0..<300).map { UInt8($0 % 256) }
      #expect(hashes == [1] + (1...300).map { XXH64.hash(message(length) + numbers[..<$0]) })
    }
  }
}

/// Bytes without a pattern that a wrong lane or tail could hide in.
private func message(_ length: Int) -> [UInt8] {
  (0..<length).map { UInt8(truncatingIfNeeded: $0 * 131 + 7) }
}

/// Lengths at which the algorithm turns from one loop to the next.
private let lengths = [0, 1, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 100]

/// The hash of `message(length)` with seed 0, by length.
private let unseeded: [UInt64] = [
  0xEF46_DB37_51D8_E999, 0xA96C_7F0C_E858_BBB7, 0xC22C_6A70_AD56_BBA6, 0xBED4_3740_EE63_32BB,
  0xFA21_2AE4_4B3B_B23D, 0xD339_DCC9_AC8E_6776, 0x71CA_BDC8_5DA7_FFA0, 0x2744_460D_D675_D2C0,
  0x994B_676B_71CE_94DD, 0x572B_84C1_8B98_3AF8, 0x0828_3FD4_0EE4_F8C9, 0x97F0_78DA_7A1A_590C,
  0xB92F_588C_E720_786E, 0xDADC_8A62_55B4_829B, 0x5742_6937_7227_D80A, 0x09E6_451E_D2FF_8B1D,
  0x94AD_0095_E72B_24D5, 0x1464_F2EF_F23B_5FE1, 0x712C_39F6_D1ED_935E, 0x83EF_9C75_8393_E89D,
  0x6782_2FA8_0E0C_8933, 0xFA6D_E19E_99FF_8D43, 0xA8D0_AE04_D798_85F2, 0xCF65_B695_86B0_5FAB,
  0x0A3B_0194_F3AF_E0B8, 0xE0FD_072F_FF81_1C86, 0xC4F7_372A_7FB8_F247, 0xFEE2_6CAC_05AE_ECF0,
  0x01A6_F3D2_24FA_7D3B, 0x161A_3BC9_8AFC_F092, 0x3F87_96D7_BFAA_AA08, 0x6711_D55E_306B_5D8F,
  0x07F7_B8E3_BC5D_6E25, 0x09F8_5EEB_4E1C_BE9F, 0x3528_4E7F_91DD_1AE5, 0x25CC_31E4_544B_C8C9,
  0xE7AC_6252_22F2_B655, 0x1D8C_3A22_1508_5739, 0x1FB3_064E_D36C_675F, 0xB13C_137A_0FB7_01C3,
  0xD251_5017_7BA4_6490, 0x3AD8_BB27_79D9_285E, 0xFE4D_DAB6_E3D7_5DDC, 0x9D34_0603_AA03_CC62,
  0xD02B_2028_C27A_5329, 0xFF59_426B_0066_066B, 0x713A_1142_07F6_00E2, 0x79BD_9D6D_D8C1_5570,
  0x2947_DE5E_3A6A_FECE, 0x43F1_E784_0399_12D3, 0x072F_A996_8401_E9C7, 0xC3C4_FF0D_8F66_E206,
  0x0EFB_C393_9FA0_5814, 0x42BE_842D_0902_D7A7, 0x8A78_B907_C424_DC46, 0x8F8D_C5B0_7F6D_48ED,
  0xA2AC_F5B4_31DB_2E52, 0x4032_00F5_D035_4116, 0xC326_A3D6_5678_339B, 0xA53B_8E5B_C9FF_65A4,
  0x4CCE_586D_8ACA_19E5, 0xBD3B_D334_86AF_6DC6, 0x4149_DD40_3B20_A2DC, 0xB7C9_968C_066C_B6A5,
  0x50D4_159A_0411_632E, 0xD277_176B_FF86_3EFC, 0x578B_A93D_AAAA_4333, 0x5C44_AB49_F377_E73F,
  0x0074_FD38_E968_C15B, 0xDD2A_A690_F532_12C8, 0xA4B1_256E_6FD1_D806, 0x363A_593D_C9D7_38D1,
  0xCD82_801D_226E_B2A5, 0x5D19_A4C3_F67B_2BEA, 0xBB7D_B43E_A46E_9A29, 0xD608_A44E_07FE_8624,
  0x869E_1166_4E92_C3B4, 0x162C_E643_1A7E_DA2A, 0xF3CB_7538_A896_12BB, 0xC3F3_DC0B_F60F_D094,
  0x1653_8439_A19A_B93E, 0x71BF_4A99_7E4B_C698, 0x81F5_F158_A176_9C15, 0x01F5_909A_472F_EA86,
  0x6187_BF0B_F8DF_A176, 0x411B_4022_BB18_1B45, 0x8EB6_2F30_A8FA_66A5, 0xF4B4_3A97_D47F_5F98,
  0x91B6_1791_02C2_21C2, 0xE1A6_E5A7_B859_6FDD, 0xBDA4_67AB_983B_5874, 0x8108_2EEE_7357_B6B0,
  0xF8F1_612F_D1C1_0A43, 0x44B5_DC96_0D90_D5BD, 0x6490_4FDD_7296_CC2E, 0x928C_35B9_89D3_C594,
  0x18C8_F362_EB73_5341, 0x7683_DEFA_1456_DAB5, 0xA4D9_F00E_9F94_203C, 0x285A_4A54_A4A8_4AB4,
  0x9DDA_DA11_D3DC_2D8F,
]

/// The hashes of messages of `lengths`, by seed.
private let seeded: [(UInt64, [UInt64])] = [
  (
    0x0000_0000_0000_0001,
    [
      0xD5AF_BA13_36A3_BE4B, 0x0766_883A_0A47_A96A, 0x95BA_63F0_05E6_E6CA, 0x3196_07B5_CA9D_59D4,
      0x0047_CDCE_49D4_BC99, 0xC14D_78E5_82FE_5026, 0x40A4_206C_C723_CCE4, 0x0C9B_8F12_F2AE_6C76,
      0xE811_D10B_0394_1E82, 0xDF4F_0F6E_A84E_BBCA, 0x489F_1772_049E_476C, 0xBE65_BC64_322F_219B,
      0x8EA2_81CE_694F_574D, 0x1B26_DDAA_6362_6478, 0xE6A0_D25E_6E0A_7F2A,
    ]
  ),
  (
    0x9E37_79B1_85EB_CA87,
    [
      0x6EC6_D05F_61C7_E7A7, 0x0C81_0166_B301_22A5, 0x7B4F_2F57_5536_D889, 0x18F6_C5E7_8F96_6CFA,
      0x88B4_AE4C_1E17_4322, 0xB7E4_96BB_FB84_04D4, 0xBBFA_B07A_C728_B2A5, 0xB631_6B20_9442_9FC8,
      0xBF6B_0226_99BB_8376, 0x3ABF_0450_7446_6999, 0x884E_59F4_2FB1_CE66, 0xFB6A_31DF_721C_899E,
      0x1968_F929_1938_2D6F, 0x612E_D730_59BA_C317, 0x0494_65B8_64C1_577B,
    ]
  ),
  (
    0xFFFF_FFFF_FFFF_FFFF,
    [
      0x298F_4C84_B24F_5380, 0xD7F4_6261_BA7C_5B95, 0x5012_7E93_A7B8_310D, 0x7EBC_E9BB_E6F6_EEBD,
      0x6F09_93BD_5D62_3D42, 0x2347_0C12_9CFB_3DC4, 0xF4E3_F407_FEF3_0B4C, 0x3DAE_65FB_7937_58C3,
      0x0559_625F_4E0A_FE08, 0xD5DB_58B1_A19E_EFB2, 0x303C_4A23_2C3B_D093, 0x5B30_F335_7336_19AB,
      0xB597_13BE_E12A_76BD, 0x176D_9661_0B7F_90D1, 0x8B8B_9E7C_59F8_40E0,
    ]
  ),
]
