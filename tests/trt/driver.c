/* A CUDA driver of malloc and memcpy, for NVIDIA's own Python binding to talk to where no GPU is.
   Only what edgedet/detect/cuda uses; the codes are CUresult's, the numbers of attributes those of
   cuda.h. Handles count as held until they are freed: `held` must be 0 at the end. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int Result;
typedef unsigned long long Pointer;
enum { SUCCESS = 0, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201, NOT_FOUND = 500 };
#define MEMORY ((size_t)1 << 30)

static int held, current;
static Result hold(void **handle) { held++; return (*handle = malloc(8)) ? SUCCESS : OUT_OF_MEMORY; }
static Result drop(void *handle) { held--; free(handle); return SUCCESS; }

Result edgedet_held(void) { return held; }
Result cuInit(unsigned flags) { return flags; }
Result cuDriverGetVersion(int *version) { *version = 13000; return SUCCESS; }
Result cuDeviceGetCount(int *count) { *count = 1; return SUCCESS; }
Result cuDeviceGet(int *device, int ordinal) { *device = ordinal; return SUCCESS; }
Result cuDeviceGetName(char *name, int size, int device) { snprintf(name, size, "Stub %d", device); return SUCCESS; }
Result cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = MEMORY + device; return SUCCESS; }
Result cuDeviceGetAttribute(int *value, int attribute, int device) {
  /* multiprocessors, integrated, compute capability */
  *value = device + (attribute == 16 ? 14 : attribute == 18 ? getenv("STUB_TEGRA") != NULL : attribute == 75 ? 8 : attribute == 76 ? 7 : 0);
  return SUCCESS;
}
Result cuDevicePrimaryCtxRetain(void **context, int device) { (void)device; return hold(context); }
Result cuDevicePrimaryCtxRelease_v2(int device) { held -= 1 + device; return SUCCESS; }
Result cuCtxPushCurrent_v2(void *context) { current++; return context ? SUCCESS : INVALID_CONTEXT; }
Result cuCtxPopCurrent_v2(void **context) { *context = NULL; return --current ? INVALID_CONTEXT : SUCCESS; }
Result cuMemAlloc_v2(Pointer *pointer, size_t bytes) {
  if (!current) return INVALID_CONTEXT;
  if (bytes > MEMORY / 2) return OUT_OF_MEMORY;
  held++;
  return (*pointer = (Pointer)malloc(bytes)) ? SUCCESS : OUT_OF_MEMORY;
}
Result cuMemFree_v2(Pointer pointer) { return drop((void *)pointer); }
Result cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  (void)flags;
  held++;
  return (*pointer = malloc(bytes)) ? SUCCESS : OUT_OF_MEMORY;
}
Result cuMemFreeHost(void *pointer) { return drop(pointer); }
Result cuMemHostGetDevicePointer_v2(Pointer *device, void *host, unsigned flags) { *device = (Pointer)host; return flags; }
Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes, void *stream) { memcpy((void *)to, from, bytes); return stream ? SUCCESS : NOT_FOUND; }
Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes, void *stream) { memcpy(to, (void *)from, bytes); return stream ? SUCCESS : NOT_FOUND; }
Result cuStreamCreate(void **stream, unsigned flags) { return flags == 1 ? hold(stream) : NOT_FOUND; }
Result cuStreamSynchronize(void *stream) { (void)stream; return getenv("STUB_LOST") ? 700 : SUCCESS; }
Result cuStreamDestroy_v2(void *stream) { return drop(stream); }
Result cuStreamWaitEvent(void *stream, void *event, unsigned flags) { return stream && event ? (Result)flags : NOT_FOUND; }
Result cuEventCreate(void **event, unsigned flags) { return flags == 2 ? hold(event) : NOT_FOUND; }
Result cuEventRecord(void *event, void *stream) { return stream && event ? SUCCESS : NOT_FOUND; }
Result cuEventSynchronize(void *event) { return event ? SUCCESS : NOT_FOUND; }
Result cuEventDestroy_v2(void *event) { return drop(event); }
Result cuStreamBeginCapture_v2(void *stream, int mode) { return stream && mode == 1 ? SUCCESS : NOT_FOUND; }
Result cuStreamEndCapture(void *stream, void **graph) { return stream ? hold(graph) : NOT_FOUND; }
Result cuGraphInstantiateWithFlags(void **executable, void *graph, Pointer flags) { return graph && !flags ? hold(executable) : NOT_FOUND; }
Result cuGraphDestroy(void *graph) { return drop(graph); }
Result cuGraphLaunch(void *executable, void *stream) { return executable && stream ? SUCCESS : NOT_FOUND; }
Result cuGraphExecDestroy(void *executable) { return drop(executable); }

/* how the binding finds all others; it asks for names without their version */
Result cuGetProcAddress_v2(const char *name, void **function, int version, Pointer flags, int *status) {
  const char *forms[] = {"%s_v2", "%s", "%sWithFlags"};
  void *self = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  char full[128];
  (void)version, (void)flags;
  *function = NULL;
  for (int i = 0; self && i < 3 && !*function; i++) {
    snprintf(full, sizeof full, forms[i], name);
    *function = dlsym(self, full);
  }
  if (!strcmp(name, "cuGraphInstantiate")) *function = (void *)cuGraphInstantiateWithFlags;
  if (status) *status = *function == NULL;
  return *function ? SUCCESS : NOT_FOUND;
}
