# The functions that need numbers: import_data, fit_shared, train_predictor, forecast, export, update_athena.
FROM public.ecr.aws/lambda/python:3.12
RUN dnf install -y libgomp && dnf clean all # LightGBM's wheel does not bring it
WORKDIR ${LAMBDA_TASK_ROOT}
COPY pyproject.toml README.md LICENSE constraints.txt template.yaml params.json ./
COPY statemachine ./statemachine
COPY events ./events
COPY functions ./functions
COPY src ./src
RUN pip install --no-cache-dir --constraint constraints.txt '.[engine,athena]' && rm -rf src
# Kernels are compiled here, for any x86-64 that Lambda has: docs/decisions/0005. At run time the code is read-only.
ENV NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES=+avx2,+fma
RUN python -m stepcast.engine.auto
ENV NUMBA_CACHE_DIR=/tmp/kernels NUMBA_CACHE_LOCATOR_CLASSES=stepcast.engine.auto.kernel_cache.SeededCache
# Each function names its own handler: ImageConfig.Command in template.yaml.
