package object

// Encoded is v as it would travel.
func Encoded[T any](v T) []byte {
	e, err := encode("Send", &v)
	if err != nil {
		panic(err)
	}
	b := append([]byte(nil), e.bytes()...)
	e.release()
	return b
}

// Decode makes *v of what has arrived.
func Decode[T any](b []byte, v *T) error { return decodeBytes(b, v) }
