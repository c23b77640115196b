// Stands in for what cgo makes of the exported Go functions: here the test has
// them in C.
#include "shim.h"

uintptr_t m4gAttrCopy(uintptr_t key, m4g_h old, uintptr_t value);
void m4gAttrDelete(uintptr_t key, m4g_h object, uintptr_t value);
void m4gGrequestQuery(uintptr_t id, m4g_status *st);
void m4gGrequestFree(uintptr_t id);
