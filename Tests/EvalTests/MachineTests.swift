import Glibc
import GrapevineCore
import Testing

@testable import EvalScenarios

@Suite struct MachineTests {
  @Test func `the kernel's counters are found by their names`() {
    let snmp = """
      Tcp: RtoAlgorithm OutSegs
      Tcp: 1 77
      Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors
      Udp: 10 1 2 4821 3
      UdpLite: InDatagrams OutDatagrams
      UdpLite: 0 0
      """
    #expect(KernelCounters.udpPacketsOut(snmp) == 4_821)
    #expect(KernelCounters.udpPacketsOut("Udp: OutDatagrams") == nil)
    let devices = """
      Inter-|   Receive                            |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
          lo:  1000      20    0    0    0     0          0         0     2345      20    0
        eth0:     1       1    0    0    0     0          0         0        9       1    0
      """
    #expect(KernelCounters.loopbackBytesOut(devices) == 2_345)
    #expect(KernelCounters.loopbackBytesOut("  eth0: 1 2 3") == nil)
  }

  @Test func `memory and clocks of this process can be read`() {
    #expect(ProcessMemory.resident > 1_000_000)
    #expect(ProcessMemory.peak >= ProcessMemory.resident / 2)
    let begin = MachineClock.now
    MachineClock.sleep(.milliseconds(2))
    #expect(MachineClock.now.since(begin) >= 2_000_000)
    #expect(MachineClock.processorTime > .zero)
  }

  @Test func `a file is emptied, or kept where that is asked, until it is written`() throws {
    let path = "/tmp/grapevine-eval-test-\(MachineClock.now.nanoseconds)"
    try OutputFile(path: path).write("a longer text\n")
    let file = try OutputFile(path: path, .kept)
    #expect(readSystemFile(path) == "a longer text\n")
    try file.write("short\n")
    #expect(readSystemFile(path) == "short\n")
    let other = try OutputFile(path: path)
    #expect(readSystemFile(path) == "")
    try other.write("short\n")
    #expect(readSystemFile(path) == "short\n")
    #expect(unlink(path) == 0)
  }

  @Test func `a file that can't be opened is named with the reason`() {
    let error = #expect(throws: FileError.self) { _ = try OutputFile(path: "/nowhere/x.json") }
    #expect(error?.description == "can't open “/nowhere/x.json”: No such file or directory")
  }

  @Test func `more files than the system allows are refused in words`() throws {
    try DescriptorLimit.require(64)
    let error = #expect(throws: EvaluationError.self) { try DescriptorLimit.require(1 << 40) }
    #expect(error?.description.contains("fewer --nodes") == true)
  }
}
