package baseline

import (
	"encoding/binary"
	"hash/crc32"
)

// Sealed gives bytes a checksum that matches, so that a fuzzer gets past it.
func Sealed(encoded []byte) []byte {
	if len(encoded) < 4 {
		return encoded
	}
	body := encoded[:len(encoded)-4]
	return binary.LittleEndian.AppendUint32(append([]byte(nil), body...), crc32.ChecksumIEEE(body))
}
