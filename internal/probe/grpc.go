package probe

import (
	"encoding/binary"
	"fmt"

	"spillway/internal/http1"
)

// The health checking protocol of gRPC (grpc.health.v1.Health/Check) has one
// string in its request, field 1, and one enumeration in its answer, field 1.

const grpcServing = 1

// grpcRequest is the call as HTTP/1.1 says it; fields are more lines of its head.
func grpcRequest(host, fields, service string) []byte {
	message := []byte{0, 0, 0, 0, 0} // not compressed, and the length
	if service != "" {
		message = append(message, 1<<3|2)
		message = binary.AppendUvarint(message, uint64(len(service)))
		message = append(message, service...)
	}
	binary.BigEndian.PutUint32(message[1:], uint32(len(message)-5))
	head := fmt.Sprintf("POST /grpc.health.v1.Health/Check HTTP/1.1\r\nHost: %s\r\nContent-Type: application/grpc\r\n"+
		"TE: trailers\r\nUser-Agent: spillway-health-check\r\nContent-Length: %d\r\n%s\r\n", host, len(message), fields)
	return append([]byte(head), message...)
}

// judgeGRPC returns why a whole answer does not say that the service is well; empty if it does.
func judgeGRPC(head *http1.Response, body []byte, trailers []http1.Field) (reason string) {
	if head.Status != 200 {
		return fmt.Sprintf("status %d", head.Status)
	}
	status := field(trailers, "grpc-status")
	if status == "" {
		value, _ := head.GetName("grpc-status")
		status = string(value)
	}
	if status != "0" {
		return fmt.Sprintf("grpc-status %q", status)
	}
	serving, ok := grpcServingStatus(body)
	switch {
	case !ok:
		return "malformed gRPC answer"
	case serving != grpcServing:
		return fmt.Sprintf("serving status %d", serving)
	}
	return ""
}

func field(fields []http1.Field, name string) string {
	for i := range fields {
		if string(fields[i].Name) == name {
			return string(fields[i].Value)
		}
	}
	return ""
}

// grpcServingStatus reads the one message of the answer.
func grpcServingStatus(body []byte) (status uint64, ok bool) {
	if len(body) < 5 || body[0] != 0 || int(binary.BigEndian.Uint32(body[1:])) != len(body)-5 {
		return 0, false
	}
	message := body[5:]
	if len(message) == 0 {
		return 0, true // proto3 does not send a zero
	}
	if message[0] != 1<<3 {
		return 0, false
	}
	status, n := binary.Uvarint(message[1:])
	return status, n > 0
}
