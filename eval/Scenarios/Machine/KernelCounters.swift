/// What the kernel has counted in this process's network namespace.
enum KernelCounters {
  /// UDP packets sent, and the bytes that passed the loopback interface; nil where it can't be
  /// read.
  static var current: TrafficCount? {
    guard let snmp = readSystemFile("/proc/net/snmp"), let packets = udpPacketsOut(snmp),
      let devices = readSystemFile("/proc/net/dev"), let bytes = loopbackBytesOut(devices)
    else { return nil }
    // The interface counts the bytes of IP packets, headers included.
    let headers = TrafficCount.headerSize * packets
    return TrafficCount(packets: packets, packetBytes: bytes - headers)
  }

  /// `OutDatagrams` of `/proc/net/snmp`, in which a line of names precedes one of numbers.
  static func udpPacketsOut(_ text: String) -> Double? {
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("Udp:") }
    guard lines.count == 2 else { return nil }
    let names = lines[0].split(separator: " ")
    let numbers = lines[1].split(separator: " ")
    guard let index = names.firstIndex(of: "OutDatagrams"), index < numbers.count else {
      return nil
    }
    return Double(String(numbers[index]))
  }

  /// The ninth number of the line `lo:` of `/proc/net/dev`: bytes sent.
  static func loopbackBytesOut(_ text: String) -> Double? {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":")
      guard parts.count == 2, parts[0].filter({ $0 != " " }) == "lo" else { continue }
      let numbers = parts[1].split(separator: " ")
      return numbers.count > 8 ? Double(String(numbers[8])) : nil
    }
    return nil
  }
}
