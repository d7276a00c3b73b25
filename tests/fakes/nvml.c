/* Stands in for NVIDIA's libnvidia-ml.so.1: two H100, as its functions tell of them.
   NVML_INIT: what starting it returns. NVML_ENERGY, NVML_POWER: watts that each board draws, told by the energy counter
   or by its power; without them that function is not supported. NVML_LOST: a file; once it is there the GPUs are lost.
   NVML_TEMPERATURE: a file that holds the second board's degrees Celsius, each time it is asked.
   NVML_PIDS: processes on the GPUs, separated by commas, instead of those made up here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned pid; unsigned long long used; unsigned gpu, compute; } process_t;
enum { NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7, GPU_IS_LOST = 15 };
static int handles[2] = {0, 1};
static int lost(void) { const char *file = getenv("NVML_LOST"); return file && access(file, F_OK) == 0; }
int nvmlInitWithFlags(unsigned flags) { const char *code = getenv("NVML_INIT"); return code ? atoi(code) : 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) { *handle = &handles[index]; return 0; }
int nvmlDeviceGetMemoryInfo(void *handle, memory_t *memory) {
    int which = *(int *)handle;
    memory->total = 80ull << 30; memory->free = (which ? 10ull : 70ull) << 30;
    memory->used = memory->total - memory->free;
    return 0;
}
int nvmlDeviceGetName(void *handle, char *name, unsigned size) { strcpy(name, "NVIDIA H100"); return 0; }
int nvmlDeviceGetUUID(void *handle, char *uuid, unsigned size) {
    strcpy(uuid, *(int *)handle ? "GPU-bbbb" : "GPU-aaaa"); return 0;
}
int nvmlSystemGetDriverVersion(char *version, unsigned size) { strcpy(version, "570.1"); return 0; }
int nvmlDeviceGetTotalEnergyConsumption(void *handle, unsigned long long *millijoules) {
    const char *watts = getenv("NVML_ENERGY");
    struct timespec now;
    if (lost()) return GPU_IS_LOST;
    if (!watts) return NOT_SUPPORTED;
    clock_gettime(CLOCK_MONOTONIC, &now);
    *millijoules = (unsigned long long)(atof(watts) * (now.tv_sec * 1e3 + now.tv_nsec / 1e6));
    return 0;
}
int nvmlDeviceGetPowerUsage(void *handle, unsigned *milliwatts) {
    const char *watts = getenv("NVML_POWER");
    if (lost()) return GPU_IS_LOST;
    if (!watts) return NOT_SUPPORTED;
    *milliwatts = (unsigned)(atof(watts) * 1e3);
    return 0;
}
int nvmlDeviceGetTemperature(void *handle, unsigned sensor, unsigned *celsius) {
    const char *path = getenv("NVML_TEMPERATURE");
    FILE *file = path ? fopen(path, "r") : 0;
    int found = file && fscanf(file, "%u", celsius) == 1;
    if (file) fclose(file);
    if (!found) return NOT_SUPPORTED;
    if (!*(int *)handle) *celsius = 30;
    return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, process_t *found) {
    const char *pids = getenv("NVML_PIDS");
    if (!found) { *count = 2; return INSUFFICIENT_SIZE; }
    *count = 0;
    if (!pids) {
        found[0].pid = 41; found[0].used = 1000; found[1].pid = 42 + *(int *)handle; found[1].used = 500;
        *count = 2;
        return 0;
    }
    for (; *pids; pids++) {
        found[*count].pid = (unsigned)strtoul(pids, (char **)&pids, 10); found[(*count)++].used = 500;
        if (!*pids) break;
    }
    return 0;
}
