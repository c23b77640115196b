package object

// Encoded is v as it would travel.
func Encoded[T any](v T) []byte {
	b, err := Append(nil, v)
	if err != nil {
		panic(err)
	}
	return b
}

// DecodeTo makes *v of what has arrived.
func DecodeTo[T any](b []byte, v *T) error { return decodeBytes(b, v) }
