#include "model.h"

#include <algorithm>
#include <cmath>

namespace simulator {
namespace {

// Long walks are slower than anything a day does; brief ones show movement within minutes.
constexpr double long_s = 6 * 3600, brief_s = 300;

// A place's outdoor temperature, °C: coldest at five in the morning, warmest in the middle of the afternoon.
double outdoors(const Scene& s, double mean, double swing) {
  return mean + swing * std::cos((s.at().hour - 15) / 24 * 6.283185) + 3 * s.noise.walk(90, s.time_ns, long_s * 4) +
         0.3 * s.noise.walk(91, s.time_ns, brief_s);
}

double daylight(double hour) {
  return std::max(0.0, std::sin((hour - 6) / 12 * 3.14159265));
}

// ---- Street lamp: bright in the evening, dimmed after midnight, off by day.

double lamp_schedule(double hour) {
  if (hour >= 18 || hour < 0.5) return 100;
  return hour < 6 ? 40 : 0;
}

// The written brightness counts until `automatic` is written true after it.
bool lamp_is_automatic(const Scene& s) {
  const auto &brightness = s.commands[0], &automatic = s.commands[1];
  if (!automatic) return !brightness;
  return automatic->value != 0 && (!brightness || automatic->since_ns >= brightness->since_ns);
}

double lamp_brightness(const Scene& s) {
  const auto &brightness = s.commands[0], &automatic = s.commands[1];
  if (lamp_is_automatic(s)) return lamp_schedule(s.at().hour);
  if (brightness) return brightness->value;
  return lamp_schedule(moment(automatic->since_ns, s.utc_offset_min).hour);
}

void street_lamp(const Scene& s, std::span<double> out) {
  const double brightness = lamp_brightness(s);
  out[0] = brightness;
  out[1] = lamp_is_automatic(s) ? 1 : 0;
  out[2] = brightness > 0 ? 4 + 0.76 * brightness * (1 + 0.02 * s.noise.walk(2, s.time_ns, brief_s)) : 0.4;
  out[3] = 230 + 4 * s.noise.walk(3, s.time_ns, long_s) + 0.5 * s.noise.white(3, s.time_ns);
  out[4] = brightness == 0 ? 0 : brightness < 100 ? 1 : 2;
}

// ---- Water meter: a block of flats. The volume is the integral of the flow, so it only grows.

void water_meter(const Scene& s, std::span<double> out) {
  const Moment at = s.at();
  const double litres_a_day = 2000 + 6000 * s.noise.pick(0);
  out[0] = std::floor(litres_a_day * passed(at, 1.15));
  out[1] = litres_a_day / 1440 * flow(at, 1.15) * (1 + 0.3 * s.noise.walk(1, s.time_ns, brief_s));
  out[2] = 4.2 - 0.03 * out[1] + 0.1 * s.noise.walk(2, s.time_ns, long_s);
  // Ten years from full to empty, then somebody changes it.
  const double age = std::fmod(static_cast<double>(at.day) / 3650 + s.noise.pick(3) + 10, 1.0);
  out[3] = 100 * (1 - age);
}

// ---- Air quality: traffic makes fine dust and nitrogen dioxide, sunshine makes ozone.

void air_station(const Scene& s, std::span<double> out) {
  const double hour = s.at().hour, traffic = bump(hour, 8, 3) + bump(hour, 18, 4);
  const double stagnant = 1 + 0.6 * s.noise.walk(0, s.time_ns, long_s * 8);
  out[0] = stagnant * (9 + 12 * traffic) + 1.5 * s.noise.walk(1, s.time_ns, brief_s);
  out[1] = out[0] * 1.6 + 3 * s.noise.walk(2, s.time_ns, brief_s);
  out[2] = stagnant * (14 + 30 * traffic) + 3 * s.noise.walk(3, s.time_ns, brief_s);
  out[3] = 35 + 55 * daylight(hour) - 0.3 * out[2] + 4 * s.noise.walk(4, s.time_ns, long_s);
  out[4] = outdoors(s, 14, 5);
  out[5] = 62 - 2.2 * (out[4] - 14) + 6 * s.noise.walk(5, s.time_ns, long_s);
}

// ---- Pump: runs until it is stopped, warms up and cools down over minutes.

constexpr double pump_starts_s = 5, pump_warms_s = 240;

// 0 cold to 1 warm, `seconds` after it was switched.
double pump_warmth(bool running, double seconds) {
  const double left = std::exp(-seconds / pump_warms_s);
  return running ? 1 - left : left;
}

void pump(const Scene& s, std::span<double> out) {
  const auto& command = s.commands[0];
  const bool running = !command || command->value != 0;
  const double since_s = command ? std::max(0.0, static_cast<double>(s.time_ns - command->since_ns) / 1e9) : day_s;
  const bool starting = running && since_s < pump_starts_s;
  const double load = !running ? 0 : starting ? since_s / pump_starts_s : 1 + 0.08 * s.noise.walk(2, s.time_ns, 600);
  const double warmth = pump_warmth(running, since_s);
  out[0] = running ? 1 : 0;
  out[1] = !running ? 0 : starting ? 1 : 2;
  out[2] = 48 * load + (running ? 0.4 * s.noise.white(2, s.time_ns) : 0);
  out[3] = 1.2 + 3.1 * load * load + 0.02 * s.noise.white(3, s.time_ns);
  out[4] = 7.5 * load * load * load + (running ? 0.4 : 0);
  out[5] = 20 + warmth * (48 + 14 * s.noise.walk(5, s.time_ns, 600)) + 0.2 * s.noise.white(5, s.time_ns);
  out[6] = 0.1 + load * (2.0 + 0.8 * s.noise.walk(6, s.time_ns, 1800)) + 0.05 * s.noise.white(6, s.time_ns);
}

// ---- Parking lot: fills in the morning, empties in the evening, quieter on Saturdays and Sundays.

void parking_lot(const Scene& s, std::span<double> out) {
  const Moment at = s.at();
  const double capacity = 80 + 20 * std::floor(s.noise.pick(0) * 12);
  const double busy = (bump(at.hour, 10.5, 6) + bump(at.hour, 15, 6)) * (at.weekday >= 5 ? 0.6 : 1);
  const double share = 0.06 + 0.78 * std::min(busy, 1.15) + 0.08 * s.noise.walk(1, s.time_ns, 1800);
  out[1] = std::clamp(std::round(capacity * share), 0.0, capacity);
  out[0] = capacity - out[1];
  out[2] = capacity;
  out[3] = std::floor(capacity * 3.5 * passed(at, 0.6));
  out[4] = out[0] == 0 ? 1 : 0;
}

// ---- Weather station.

void weather_station(const Scene& s, std::span<double> out) {
  const double cloud = 0.5 + 0.5 * s.noise.walk(0, s.time_ns, long_s);
  const double wet = std::max(0.0, cloud - 0.62) / 0.38;
  const double sun = daylight(s.at().hour) * (1 - 0.75 * cloud);
  out[0] = outdoors(s, 13, 6) - 2 * cloud;
  out[1] = 55 + 35 * cloud - 1.5 * (out[0] - 13);
  out[2] = 1013 - 18 * (cloud - 0.5) + 0.2 * s.noise.walk(2, s.time_ns, brief_s);
  out[3] = std::abs(4 + 5 * s.noise.walk(3, s.time_ns, long_s) + 2 * s.noise.walk(4, s.time_ns, 20));
  out[4] = std::fmod(240 + 110 * s.noise.walk(5, s.time_ns, long_s) + 15 * s.noise.walk(6, s.time_ns, 60) + 360, 360);
  out[5] = 98000 * sun;
  out[6] = wet * 12 * (1 + 0.3 * s.noise.walk(7, s.time_ns, brief_s));
  out[7] = wet > 0 ? 3 : cloud > 0.5 ? 2 : cloud > 0.3 ? 1 : 0;
}

// ---- Traffic counter: slows down as the road fills.

void traffic_counter(const Scene& s, std::span<double> out) {
  const Moment at = s.at();
  const double a_day = 6000 + 9000 * s.noise.pick(0);
  out[0] = std::floor(a_day * passed(at, 0.7));
  out[1] = a_day / 24 * flow(at, 0.7) * (1 + 0.25 * s.noise.walk(1, s.time_ns, brief_s));
  const double fullness = std::min(1.0, out[1] / 1600);
  out[2] = 52 - 34 * fullness * fullness + 3 * s.noise.white(2, s.time_ns);
  out[3] = 3 + 60 * fullness * fullness + 2 * s.noise.walk(3, s.time_ns, 60);
  out[4] = fullness > 0.75 ? 2 : fullness > 0.45 ? 1 : 0;
}

std::vector<Model> make_models() {
  constexpr auto number = Type::number, integer = Type::integer, boolean = Type::boolean, text = Type::text;
  return {
      {"street_lamp",
       "Street lamp",
       "路灯",
       {{"brightness", "Brightness", "亮度", "%", integer, 0, 100, 0, true},
        {"automatic", "Automatic", "自动", "", boolean, 0, 1, 0, true},
        {"power", "Power", "功率", "W", number, 0, 100, 1},
        {"voltage", "Voltage", "电压", "V", number, 200, 260, 1},
        {"state", "State", "状态", "", text, 0, 2, 0, false, {"off", "dimmed", "on"}}},
       &street_lamp},
      {"water_meter",
       "Water meter",
       "水表",
       {{"volume", "Volume", "累计用水量", "L", integer},
        {"flow", "Flow", "流量", "L/min", number, 0, 100, 2},
        {"pressure", "Pressure", "压力", "bar", number, 0, 10, 2},
        {"battery", "Battery", "电池", "%", integer, 0, 100, 0}},
       &water_meter},
      {"air_station",
       "Air quality station",
       "空气质量站",
       {{"pm2_5", "PM2.5", "细颗粒物 PM2.5", "µg/m³", number, 0, 500, 1},
        {"pm10", "PM10", "可吸入颗粒物 PM10", "µg/m³", number, 0, 800, 1},
        {"no2", "Nitrogen dioxide", "二氧化氮", "µg/m³", number, 0, 400, 1},
        {"o3", "Ozone", "臭氧", "µg/m³", number, 0, 400, 1},
        {"temperature", "Temperature", "温度", "°C", number, -40, 60, 1},
        {"humidity", "Humidity", "湿度", "%", number, 0, 100, 1}},
       &air_station},
      {"pump",
       "Pump",
       "水泵",
       {{"running", "Running", "运行", "", boolean, 0, 1, 0, true},
        {"state", "State", "状态", "", text, 0, 2, 0, false, {"stopped", "starting", "running"}},
        {"flow", "Flow", "流量", "m³/h", number, 0, 80, 1},
        {"pressure", "Pressure", "压力", "bar", number, 0, 10, 2},
        {"power", "Power", "功率", "kW", number, 0, 15, 2},
        {"temperature", "Bearing temperature", "轴承温度", "°C", number, 0, 120, 1},
        {"vibration", "Vibration", "振动", "mm/s", number, 0, 20, 2}},
       &pump},
      {"parking_lot",
       "Parking lot",
       "停车场",
       {{"free", "Free places", "空车位", "", integer, 0, 300, 0},
        {"occupied", "Occupied places", "已占车位", "", integer, 0, 300, 0},
        {"capacity", "Places", "车位总数", "", integer, 80, 300, 0},
        {"entries", "Entries", "累计入场", "", integer},
        {"full", "Full", "已满", "", boolean, 0, 1, 0}},
       &parking_lot},
      {"weather_station",
       "Weather station",
       "气象站",
       {{"temperature", "Temperature", "温度", "°C", number, -40, 60, 1},
        {"humidity", "Humidity", "湿度", "%", number, 0, 100, 1},
        {"pressure", "Air pressure", "气压", "hPa", number, 900, 1100, 1},
        {"wind_speed", "Wind speed", "风速", "m/s", number, 0, 60, 1},
        {"wind_direction", "Wind direction", "风向", "°", integer, 0, 360, 0},
        {"illuminance", "Illuminance", "照度", "lx", integer, 0, 120000, 0},
        {"rain_rate", "Rain", "雨强", "mm/h", number, 0, 200, 1},
        {"condition", "Condition", "天气", "", text, 0, 3, 0, false, {"clear", "fair", "cloudy", "rain"}}},
       &weather_station},
      {"traffic_counter",
       "Traffic counter",
       "车流计数器",
       {{"vehicles", "Vehicles", "累计车辆", "", integer},
        {"flow", "Flow", "车流量", "vehicles/h", integer, 0, 4000, 0},
        {"speed", "Mean speed", "平均车速", "km/h", number, 0, 130, 1},
        {"occupancy", "Occupancy", "占有率", "%", number, 0, 100, 1},
        {"level", "Level of service", "拥堵程度", "", text, 0, 2, 0, false, {"free", "dense", "jam"}}},
       &traffic_counter},
  };
}

}  // namespace

const std::vector<Model>& models() {
  static const std::vector<Model> all = make_models();
  return all;
}

const Model* find_model(std::string_view id) {
  const auto it = std::find_if(models().begin(), models().end(), [&](const Model& m) { return m.id == id; });
  return it == models().end() ? nullptr : &*it;
}

}  // namespace simulator
